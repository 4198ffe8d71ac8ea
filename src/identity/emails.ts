/** Emails with the same key are one person's: spellings that differ in case or in the spaces around them. */
export const emailKey = (email: string): string => email.trim().toLowerCase()
