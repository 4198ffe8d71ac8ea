// Pieces of bodies that several routes share.
import { z } from 'zod'

/** SQLite would end the text at a NUL, and half a surrogate pair has no UTF-8. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/

export const isPlainText = (text: string): boolean => text.isWellFormed() && !CONTROL.test(text)

/** 1 to `most` characters that people write and read, without the spaces around them. */
export const prose = (most: number) =>
  z.string().trim().min(1).max(most).refine(isPlainText, 'expected well-formed text without control characters')

export const Reason = prose(500).meta({
  description: 'Why, for the admin log. Personal information in it stays in identity.db.',
  examples: ['Outage on 14 March'],
})

/** The id of a user in the path. */
export const UserParams = z.object({
  id: z.string().meta({ description: 'The id of the user.', examples: ['cmb2x9k4d0001'] }),
})
