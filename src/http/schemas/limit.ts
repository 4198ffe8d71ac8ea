// How many, where a list is not paged.
import { z } from 'zod'

const MAX_LIMIT = 200
const DEFAULT_LIMIT = 50

export const limitOf = (description: string) =>
  z
    .string()
    .refine((text) => /^[1-9]\d{0,2}$/.test(text) && Number(text) <= MAX_LIMIT, `expected 1 to ${MAX_LIMIT}`)
    .meta({
      type: 'integer',
      minimum: 1,
      maximum: MAX_LIMIT,
      default: DEFAULT_LIMIT,
      description,
      examples: [DEFAULT_LIMIT],
    })
    .transform(Number)
    .default(DEFAULT_LIMIT)
