import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { UnavailableError } from '../../src/errors.ts'
import { withFolder } from '../helpers/databases.ts'
import { parseMail } from '../helpers/parse-mail.ts'
import { everythingOf, failureOf, MAIL, testMailer } from './mailers.ts'

const CHILD = join(import.meta.dirname, 'children/send-child.ts')
/** A small file system of one's own needs a mount namespace; not every machine gives one. */
const canMount = spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs tmpfs /tmp']).status === 0
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)

describe('mails as files', () => {
  test('each is a file for its owner alone, and is logged as sent without the address', async () => {
    await withFolder(async (dir) => {
      const folder = join(dir, 'data/mail')
      await using mailer = testMailer({ folder })
      const html = '<p>Good <b>day</b></p>'
      expect(await mailer.send({ ...MAIL, html })).toEqual({ id: 'm1', way: 'file' })
      expect(await mailer.send({ ...MAIL, to: 'sipho@example.com' })).toEqual({ id: 'm2', way: 'file' })

      expect(readdirSync(folder).sort()).toEqual(['m1.eml', 'm2.eml'])
      expect(modeOf(folder)).toBe('700')
      for (const name of readdirSync(folder)) expect(modeOf(join(folder, name))).toBe('600')
      const raw = readFileSync(join(folder, 'm1.eml'), 'utf8')
      expect(raw.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
      const { headers, text, html: found } = parseMail(raw)
      expect(headers).toMatchObject({
        from: 'GOGGA <no-reply@gogga.example>',
        to: 'thandi@example.com',
        subject: 'Hello',
        date: 'Sun, 22 Nov 2026 10:11:12 +0000',
        'message-id': '<m1@gogga.example>',
      })
      expect({ text: text?.trim(), html: found?.trim() }).toEqual({ text: MAIL.text, html })
      expect(mailer.lines).toEqual([
        { event: 'mail-sent', id: 'm1', way: 'file' },
        { event: 'mail-sent', id: 'm2', way: 'file' },
      ])
    })
  })

  test('modes hold whatever the umask lets through', async () => {
    await withFolder(async (dir) => {
      const folder = join(dir, 'mail')
      const before = process.umask(0)
      try {
        await using mailer = testMailer({ folder })
        await mailer.send(MAIL)
      } finally {
        process.umask(before)
      }
      expect([modeOf(folder), modeOf(join(folder, 'm1.eml'))]).toEqual(['700', '600'])
    })
  })

  test('a mailer that is closed writes none', async () => {
    await withFolder(async (dir) => {
      const mailer = testMailer({ folder: join(dir, 'mail') })
      await mailer[Symbol.asyncDispose]()
      expect(await failureOf(mailer.send(MAIL))).toBeInstanceOf(UnavailableError)
      expect(readdirSync(dir)).toEqual([])
    })
  })

  test('a folder that cannot be made: 503, nothing is logged', async () => {
    await withFolder(async (dir) => {
      const folder = join(dir, 'mail')
      writeFileSync(folder, 'a file')
      await using mailer = testMailer({ folder })
      const error = await failureOf(mailer.send(MAIL))
      expect(error).toBeInstanceOf(UnavailableError)
      expect(error).toMatchObject({ status: 503, hint: expect.stringContaining('SMTP_URL') })
      expect(everythingOf(error)).not.toContain('thandi')
      expect(mailer.lines).toEqual([])
      expect(readFileSync(folder, 'utf8')).toBe('a file')
    })
  })

  test('a mail that cannot get its name leaves nothing', async () => {
    await withFolder(async (dir) => {
      mkdirSync(join(dir, 'm1.eml/in-the-way'), { recursive: true })
      await using mailer = testMailer({ folder: dir })
      expect(await failureOf(mailer.send(MAIL))).toBeInstanceOf(UnavailableError)
      expect(readdirSync(dir)).toEqual(['m1.eml'])
      expect(existsSync(join(dir, 'm1.eml/in-the-way'))).toBe(true)
      expect(mailer.lines).toEqual([])
    })
  })

  test.runIf(canMount)('a full disk: 503, and not half a mail', async () => {
    await withFolder((dir) => {
      const script = 'mount -t tmpfs -o size=64k tmpfs "$1" && { "$2" "$3" "$1"; ls -A "$1"; }'
      const run = spawnSync('unshare', ['-rm', 'sh', '-c', script, 'sh', dir, process.execPath, CHILD], {
        encoding: 'utf8',
      })
      expect(run.stderr).toMatch(/UnavailableError: The mail could not be written \(ENOSPC\)/)
      expect(run.stderr).not.toContain('thandi')
      expect(run.stdout).toBe('')
    })
  })
})
