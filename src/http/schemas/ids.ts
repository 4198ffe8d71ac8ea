import { z } from 'zod'

const MAX_ID = 200

/** Of a person: a User's or a Contact's. */
export const SubjectId = z
  .string()
  .min(1)
  .max(MAX_ID)
  .meta({ examples: ['cmb2x9k4d0001'] })
