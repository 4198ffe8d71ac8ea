// The commands of a person's rights, as processes beside an application that has the files open.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { TRY_OUT } from '../../src/config.ts'
import { correctSubject } from '../../src/saga/correct-subject.ts'
import { emailOf, live } from '../compliance/erasure/world.ts'
import { asked, emptied, NOW, SECOND, type World, withWorld } from '../saga/world.ts'
import { gogga } from './gogga-child.ts'

const withPeople = (work: (dir: string, world: World) => Promise<void>) =>
  withWorld(
    async (world) => {
      const { context, databases } = world
      await live(context, 'ann')
      await live(context, 'bob')
      await emptied(context)
      await work(databases.dir, world)
    },
    { env: TRY_OUT },
  )

/** With the email on the standard input. */
async function goggaReading(dir: string, input: string, ...args: readonly string[]) {
  const env = { ...process.env, GOGGA_DATA_DIR: dir, GOGGA_BUSY_TIMEOUT_MS: '500' }
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../scripts/gogga.ts'), ...args], { env })
  child.stdin.end(input)
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code: child.exitCode, out, err }
}

test('subject erase: a preview, the erasure with its proof, the same receipt again', () =>
  withPeople(async (dir) => {
    const preview = await gogga(dir, 'subject', 'erase', 'ann', '--preview')
    expect(preview).toMatchObject({ code: 0, err: '', out: expect.stringContaining('Would erase ann') })
    const erased = await goggaReading(dir, `${emailOf('ann')}\n`, 'subject', 'erase', '-')
    expect(erased).toMatchObject({ code: 0, err: '', out: expect.stringContaining('nothing was found') })
    expect(erased.out).toContain('Tax Administration Act')
    expect(preview.out + erased.out).not.toContain(emailOf('ann'))
    const again = JSON.parse((await gogga(dir, 'subject', 'erase', 'ann', '--json')).out)
    expect(again).toMatchObject({ subjectId: 'ann', askedBy: 'gogga subject erase', proof: { found: [] } })
    const values = join(dir, 'values.txt')
    writeFileSync(values, `${emailOf('bob')}\n`)
    const shared = await gogga(dir, 'subject', 'erase', 'ann', '--search', values)
    expect(shared).toMatchObject({
      code: 1,
      out: expect.stringMatching(/2 searches .*\n.*\nNot proven:\n {2}Nothing was/),
    })
    writeFileSync(values, '\n')
    const empty = await gogga(dir, 'subject', 'erase', 'ann', '--search', values)
    expect(empty).toMatchObject({ code: 2, err: expect.stringContaining('at least one value') })
    expect((await gogga(dir, 'subject', 'erase', emailOf('ann'))).err).toContain('Nobody has this email')
  }))

test("an email that was somebody's finds them, says so, and erases only where that is meant", () =>
  withPeople(async (dir, { context, pass }) => {
    const correct = async (subjectId: string, email: string) => {
      pass(SECOND)
      await correctSubject(context.sagas, { subjectId, email }, asked('POST /v1/corrections'))
    }
    const typed = emailOf('bob').toUpperCase()
    await correct('bob', 'robert@mail.example')
    const shown = await goggaReading(dir, `${typed}\n`, 'subject', 'show', '-', '--json')
    expect([shown.code, JSON.parse(shown.out)]).toMatchObject([0, { subjectId: 'bob', email: 'r***@m***' }])
    const says = 'Found by a former address: B***@M*** was that of bob until '
    expect(shown.err).toContain(says)
    const preview = await goggaReading(dir, typed, 'subject', 'erase', '-', '--preview')
    expect([preview.code, preview.out]).toEqual([0, expect.stringMatching(/^Found by a former.*\nWould erase bob:\n/)])
    const unmeant = await goggaReading(dir, typed, 'subject', 'erase', '-')
    expect([unmeant.code, unmeant.err]).toEqual([1, expect.stringContaining('"gogga subject erase bob --preview"')])
    for (const { out, err } of [shown, preview, unmeant]) expect(out + err).not.toMatch(/bob@|robert@/i)
    // Whoever has it now is meant, and where several had it, neither.
    await correct('ann', emailOf('bob'))
    const now = await goggaReading(dir, typed, 'subject', 'show', '-', '--json')
    expect([JSON.parse(now.out).subjectId, now.err]).toEqual(['ann', ''])
    const either = await goggaReading(dir, typed, 'subject', 'erase', '-')
    expect([either.code, either.err]).toEqual([
      1,
      expect.stringMatching(/2 people have or had .*\n.* ann \(now\); bob /),
    ])
    await correct('ann', 'annette@mail.example')
    const several = await goggaReading(dir, typed, 'subject', 'erase', '-', '--former-address')
    expect([several.code, several.err]).toEqual([
      1,
      expect.stringMatching(/2 people had .*\n.* ann \(until .*bob \(until/),
    ])
    const erased = await goggaReading(dir, emailOf('ann'), 'subject', 'erase', '-', '--former-address')
    expect(erased.out).toContain('Erased ann, receipt')
    // The corrections of the erased went with them.
    expect(JSON.parse((await goggaReading(dir, typed, 'subject', 'show', '-', '--json')).out).subjectId).toBe('bob')
  }))

test('an email that only the log of sign-ins knows has the same rights', () =>
  withPeople(async (dir, { context }) => {
    await context.files.identity.change((tx) =>
      tx.insert('AuthLog', {
        id: 'x',
        email: 'Zola@mail.example',
        action: 'login_failed',
        ip: '41.1.1.1',
        createdAt: NOW,
      }),
    )
    expect((await goggaReading(dir, 'zoli@mail.example', 'subject', 'erase', '-')).err).toContain(
      'Nobody has this email',
    )
    const erased = await goggaReading(dir, 'zola@mail.example', 'subject', 'erase', '-')
    expect(erased).toMatchObject({
      code: 0,
      err: expect.stringContaining('is contact '),
      out: expect.stringContaining('nothing was found'),
    })
    expect(context.files.identity.rows.find('AuthLog', { id: 'x' })).toMatchObject({ email: null, ip: null })
  }))

test('subject restrict, show, lift and correct', () =>
  withPeople(async (dir) => {
    const json = async (...args: readonly string[]) => JSON.parse((await gogga(dir, 'subject', ...args, '--json')).out)
    expect(await json('restrict', 'bob', '--objection', '--note', 'by letter')).toMatchObject({
      kind: 'objected',
      settled: true,
    })
    const shown = await gogga(dir, 'subject', 'show', emailOf('bob'))
    expect(shown.out).toMatch(/^createdAt +\d{4}-\S+Z$/m)
    expect(shown.out).toMatch(/^restrictions +kind objected, since \d{4}-\S+Z, liftedAt -$/m)
    expect(shown.out).toMatch(/email +b\*\*\*@m\*\*\*/)
    expect(await json('lift', 'bob')).toMatchObject({ lifted: ['objected'] })
    expect(await gogga(dir, 'subject', 'lift', 'bob')).toMatchObject({
      code: 1,
      err: expect.stringContaining('Nothing is restricted'),
    })
    expect(await json('correct', 'bob', '--email', 'robert@mail.example')).toMatchObject({ outcome: 'corrected' })
    expect(await json('correct', 'bob', '--dispute', 'not mine')).toMatchObject({ outcome: 'disputed', field: '' })
    expect(await json('show', 'bob')).toMatchObject({
      restrictions: [{ kind: 'objected', since: expect.any(String), liftedAt: expect.stringMatching(/Z$/) }],
      corrections: [{ outcome: 'corrected' }, { outcome: 'disputed' }],
    })
    expect(await gogga(dir, 'subject', 'correct', 'bob')).toMatchObject({ code: 2 })
    const taken = await gogga(dir, 'subject', 'correct', 'ann', '--email', 'robert@mail.example')
    expect(taken.err).toContain('Somebody else has this address')
    const told = JSON.parse((await gogga(dir, 'access-log', '--subject', 'robert@mail.example', '--json')).out)
    const own = { route: 'gogga subject correct', purpose: 'correction-request', subjects: ['bob'] }
    expect(told.data).toMatchObject([{ ...own, osUser: expect.stringMatching(/^\d+( as \d+)?$/) }])
  }))
