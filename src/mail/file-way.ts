// Mails as files, where no SMTP server is named: `<folder>/<id>.eml`, readable for the owner alone.
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createTransport, type SendMailOptions } from 'nodemailer'
import { UnavailableError } from '../errors.ts'
import { CLOSED } from './message.ts'

/**
 * Throws UnavailableError where the folder cannot be written; a file is there whole or not at all. Whoever removes mails of a
 * person looks through the folder after the last of them stopped being wanted: a file that came later goes here.
 */
export async function sendToFile(
  folder: string,
  id: string,
  message: SendMailOptions,
  isWanted: () => boolean,
): Promise<void> {
  const transport = createTransport({ ...CLOSED, streamTransport: true, buffer: true, newline: 'windows' })
  const { message: bytes } = await transport.sendMail(message)
  if (!Buffer.isBuffer(bytes)) throw new TypeError('The mail was composed as a stream, expected a buffer')
  const path = join(folder, `${id}.eml`)
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeWhole(path, bytes)
    if (!isWanted()) await rm(path, { force: true })
    await using opened = await open(folder, 'r')
    await opened.sync()
  } catch (cause) {
    if (!isWanted()) return // It was removed while it was written.
    throw new UnavailableError(`The mail could not be written (${codeOf(cause)})`, {
      cause,
      hint: 'Check the room on the disk of the mail folder and the rights on it, or set SMTP_URL.',
    })
  }
}

async function writeWhole(path: string, bytes: Buffer): Promise<void> {
  const beside = `${path}.new`
  const file = await open(beside, 'wx', 0o600)
  try {
    await fill(file, bytes)
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
}

async function fill(file: FileHandle, bytes: Buffer): Promise<void> {
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : 'unknown')
