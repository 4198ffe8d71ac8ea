// What is left of a person after the three files, and the searches that say so: none hides another.
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { shownText } from '../../../src/compliance/erasure/kept-receipt.ts'
import { keyFileOf } from '../../../src/compliance/erasure/kept-values.ts'
import { mailsIn } from '../../../src/compliance/erasure/mails.ts'
import { isProven, type Proof } from '../../../src/compliance/erasure/receipt.ts'
import { holderOf } from '../../../src/compliance/erasure/text-finder.ts'
import { exportPerson, personIn } from '../../../src/compliance/export/export.ts'
import { jsonOf } from '../../../src/compliance/export/json.ts'
import { readConfig, TRY_OUT } from '../../../src/config.ts'
import { type Context, createContext } from '../../../src/context.ts'
import { openReader } from '../../../src/database/connections.ts'
import { TAKEN_PLACE } from '../../../src/identity/taken-values.ts'
import { correctSubject } from '../../../src/saga/correct-subject.ts'
import { eraseSubject } from '../../../src/saga/erase-subject.ts'
import { requestLogin } from '../../../src/saga/sign-in.ts'
import { split } from '../../../src/transfer/split.ts'
import { withFolder } from '../../helpers/databases.ts'
import { buildLegacyDatabase } from '../../helpers/legacy-database.ts'
import { transferContext } from '../../helpers/transfer.ts'
import { addPeople, asked, emptied, failureOf, NOW, type World, withWorld } from '../../saga/world.ts'
import { ERASER, emailOf, erase, ipOf, live } from './world.ts'

const withPeople = (work: (world: World) => Promise<void>) =>
  withWorld(
    async (world) => {
      await live(world.context, 'ann')
      await live(world.context, 'bob')
      await emptied(world.context)
      await work(world)
    },
    { env: { ...TRY_OUT, GOGGA_BUSY_TIMEOUT_MS: '200' } },
  )

const VALUES = { emails: [emailOf('ann')], ips: [ipOf('ann')], texts: [] }
const kept = ({ files }: Context) => files.identity.rows.list('DetachedValue', { place: TAKEN_PLACE })

const subscriptionOf = ({ files }: Context, userId: string) =>
  files.billing.rows.list('Subscription', { userId })[0]?.id

/** As a split makes it: a table that nobody knows, and columns that a known one had beside its own. */
function addUnassigned(context: Context): Database.Database {
  const { unassigned } = ERASER(context)
  mkdirSync(join(unassigned, '..'))
  const file = new Database(unassigned)
  file.exec(`
    create table "Usage Event" (id integer primary key, "userId" text, prompt text);
    insert into "Usage Event" values (1, 'ann', 'I live in Long Street'), (2, 'bob', 'ask ${emailOf('ann')}'), (3, 'bob', 'hi');
    create table newsletter (email text primary key, name text) without rowid;
    insert into newsletter values ('${emailOf('ann').toUpperCase()}', 'Ann'), ('jo${emailOf('ann')}', 'Joann');
    create table "User" ("gogga:id" text primary key, phoneNumber text);
    insert into "User" values ('ann', '082 555 1234'), ('bob', '083 555 9876');
    create table "Subscription" ("gogga:id" text primary key, why text);
    insert into "Subscription" values ('${subscriptionOf(context, 'ann')}', 'no money'), ('${subscriptionOf(context, 'bob')}', 'fun');
    create virtual table notes using fts5(body);
    insert into notes values ('from ${ipOf('ann')}'), ('from ${ipOf('bob')}')`)
  return file
}

describe('what a split could not place', () => {
  test('is exported, goes with the person, and is counted and searched', () =>
    withPeople(async ({ context }) => {
      const file = addUnassigned(context)
      const { identity, billing, admin } = context.files
      const readers = { identity: identity.reader, billing: billing.reader, admin: admin.reader }
      const { unassigned } = ERASER(context)
      const exported = JSON.parse(
        [...jsonOf(exportPerson({ readers, person: personIn(readers, 'ann'), now: NOW, unassigned }))].join(''),
      )
      const there = exported.tables.filter((table: { file: string }) => table.file === 'unassigned.db')
      expect(
        there
          .filter(({ rows }: { rows: unknown[] }) => rows.length > 0)
          .map(({ table, rows }: { table: string; rows: unknown[] }) => [table, rows]),
      ).toEqual([
        ['Subscription', [{ 'gogga:id': subscriptionOf(context, 'ann'), why: 'no money' }]],
        [
          'Usage Event',
          [
            { id: 1, userId: 'ann', prompt: 'I live in Long Street' },
            expect.objectContaining({
              userId: expect.stringContaining('somebody else'),
              prompt: `ask ${emailOf('ann')}`,
            }),
          ],
        ],
        ['User', [{ 'gogga:id': 'ann', phoneNumber: '082 555 1234' }]],
        ['newsletter', [{ email: emailOf('ann').toUpperCase(), name: 'Ann' }]],
      ])
      const receipt = await erase(context, 'ann')
      expect(receipt.proof?.found).toEqual([])
      expect(receipt.tables.filter((table) => table.file === 'unassigned')).toEqual([
        { file: 'unassigned', table: 'Subscription', action: 'deleted', rows: 1 },
        { file: 'unassigned', table: 'Usage Event', action: 'deleted', rows: 1 },
        { file: 'unassigned', table: 'Usage Event', action: 'emptied', rows: 1 },
        { file: 'unassigned', table: 'User', action: 'deleted', rows: 1 },
        { file: 'unassigned', table: 'newsletter', action: 'deleted', rows: 1 },
        { file: 'unassigned', table: 'notes', action: 'emptied', rows: 1 },
      ])
      const rows = (sql: string) => file.prepare(sql).raw().all()
      expect(rows('select * from "Usage Event"')).toEqual([
        [2, 'bob', null],
        [3, 'bob', 'hi'],
      ])
      expect(rows('select * from newsletter')).toEqual([[`jo${emailOf('ann')}`, 'Joann']])
      expect(rows('select why from "Subscription"')).toEqual([['fun']])
      expect(rows('select * from "User"')).toEqual([['bob', '083 555 9876']])
      expect(receipt.proof?.searched.map(({ file: name }) => name)).toContain('unassigned.db')
      file.exec(`insert into "Usage Event" values (4, null, 'again ${ipOf('ann')}')`)
      file.pragma('wal_checkpoint(truncate)')
      const again = await erase(context, 'ann', { values: { ...VALUES, texts: ['082 555 1234'] } })
      expect(again).toMatchObject({ proven: true, proofs: [{}, {}] })
      expect(again.tables).toContainEqual({ file: 'unassigned', table: 'Usage Event', action: 'emptied', rows: 2 })
      file.close()
    }))
})

describe('a proof', () => {
  test('never takes an earlier one’s place, and one of less proves nothing', () =>
    withPeople(async ({ context, databases }) => {
      const log = join(databases.dir, 'server.log')
      const more = { logFiles: [log, join(databases.dir, 'none.log')] }
      writeFileSync(log, `{"msg":"from ${ipOf('ann')}"} {"msg":"of ${encodeURIComponent(emailOf('ann'))}"}`)
      const first = await erase(context, 'ann', { ...more, values: { emails: [], ips: ['127.0.0.1'], texts: [] } })
      expect(first.proof?.found.map(({ file, kind, count }) => `${file} ${kind} ${count}`).sort()).toEqual([
        'server.log email 1',
        'server.log ip 1',
      ])
      expect(first).toMatchObject({
        proven: false,
        next: [expect.stringContaining('server.log: remove these lines'), expect.stringContaining('values are kept')],
      })
      writeFileSync(log, '')
      const forget = () => rmSync(keyFileOf(context.sagas, first.erasureId))
      forget()
      expect(await erase(context, 'ann', more)).toMatchObject({
        ...{ proven: false, proofs: first.proofs },
        next: [first.next?.[0], expect.stringContaining('--search FILE')],
      })
      const texts = ['nothing', 'of hers', 'at all 1', 'at all 2', 'at all 3'].map((text) => `is invented, ${text}`)
      const less = await erase(context, 'ann', { ...more, values: { emails: [], ips: [], texts } })
      expect(less).toMatchObject({
        ...{ proven: false, proof: { found: [], values: { text: 5 } }, doneAt: first.doneAt },
        next: [expect.stringMatching(/^3 of the 3 values were not looked for \(kinds: email, ip, text\)/)],
      })
      expect(less.proofs).toEqual([first.proof, less.proof])
      forget()
      const nothing = await erase(context, 'ann', { ...more, values: { emails: [emailOf('bob')], ips: [], texts: [] } })
      expect(nothing).toMatchObject({ proven: false, proof: { values: {}, shared: 1, sharedIn: { 'User.email': 1 } } })
      expect(await erase(context, 'ann', more)).toEqual(nothing)
      const values = { ...VALUES, texts: ['082-555-1234'] }
      expect(await erase(context, 'ann', { ...more, values: VALUES })).toMatchObject({
        next: [expect.stringMatching(/^1 of the 3 values were not looked for \(kinds: text\)/)],
      })
      const proven = await erase(context, 'ann', { ...more, values })
      expect(proven).toMatchObject({ proven: true, proofs: [{}, {}, {}, {}, {}] })
      expect(await erase(context, 'ann', more)).toEqual(proven)
    }))

  test('keeps what it looked for until it is clean, in no file as it is, and in none that opens by itself', () =>
    withPeople(async ({ context, databases }) => {
      const { files, sagas } = context
      const log = join(databases.dir, 'server.log')
      const more = { logFiles: [log] }
      writeFileSync(log, `of ${emailOf('ann')}`)
      // Whoever is ended during the search, too.
      await failureOf(erase(context, 'ann', { logFiles: ['\0'] }))
      expect(kept(context)).toEqual([])
      const first = await erase(context, 'ann', more)
      expect(first).toMatchObject({ proven: false, proof: { values: { email: 1, ip: 1 }, found: [{ kind: 'email' }] } })
      const key = keyFileOf(sagas, first.erasureId)
      expect(statSync(key).mode & 0o777).toBe(0o600)
      const [row] = files.identity.rows.list('Erasure', { subjectId: 'ann' })
      expect(Object.keys(JSON.parse(row?.receipt ?? ''))).toEqual(expect.arrayContaining(['sought', 'sealed']))
      expect(JSON.parse(shownText(row?.receipt ?? ''))).toEqual(first)
      for (const path of [files.identity.path, `${files.identity.path}-wal`])
        expect(readFileSync(path).includes(emailOf('ann'))).toBe(false)
      expect(readFileSync(files.identity.path).includes(readFileSync(key))).toBe(false)
      writeFileSync(log, '')
      const last = await erase(context, 'ann', more)
      expect(last).toMatchObject({ proven: true, proofs: [first.proof, { values: first.proof?.values }] })
      expect(existsSync(key)).toBe(false)
      const [end] = files.identity.rows.list('Erasure', { subjectId: 'ann' })
      expect(JSON.parse(end?.receipt ?? '')).toEqual({ ...last, sought: { since: 0, values: [] } })
    }))

  test('is clean in files that a split just made', () =>
    withFolder(async (dir) => {
      const [legacy, into] = [join(dir, 'legacy.db'), join(dir, 'data')]
      buildLegacyDatabase(legacy, { users: 300 })
      await split({ legacy, into, context: transferContext() })
      const config = readConfig({ ...TRY_OUT, GOGGA_DATA_DIR: into, GOGGA_LOG_LEVEL: 'silent' }, into)
      await using context = await createContext(config, { mailSent: () => {} })
      const users = context.files.identity.rows.list('User', { isServiceAdmin: false }, 'id')
      for (const at of [20, 90, 160, 230])
        expect(await erase(context, users[at]?.id ?? '')).toMatchObject({ proven: true, proofs: [{ found: [] }] })
    }))

  const proof = (found: number, values: number, shared = 0): Proof => ({
    ...{ at: '', searched: [], values: { email: values }, shared },
    found: found === 0 ? [] : [{ file: 'x', kind: 'email', count: found }],
  })
  test.each([
    [[], false],
    [[proof(0, 1)], true],
    [[proof(0, 0)], false],
    [[proof(1, 3), proof(0, 3)], true],
    [[proof(1, 3), proof(0, 2)], false],
    [[proof(1, 3), proof(0, 2, 1)], true],
    [[proof(1, 3), proof(0, 3), proof(0, 1)], false],
    [[{ ...proof(0, 1), unread: ['x.log'] }], false],
  ])('is judged with those before it: %#', (proofs, isIt) => expect(isProven(proofs)).toBe(isIt))

  test('names what somebody who reads an older state holds back; a repeat ends it', () =>
    withPeople(async ({ context, databases }) => {
      const reader = openReader('identity', databases.paths.identity)
      reader.exec('begin')
      reader.prepare('select count(*) from "User"').get()
      const first = await erase(context, 'ann')
      expect(first.proof?.found.map(({ file, where }) => `${file} ${where}`)).toContain('identity.db-wal wal')
      expect(first.next).toEqual([
        expect.stringMatching(/identity.db-wal: somebody reads/),
        expect.stringMatching(/again: the values are kept/),
      ])
      expect(first.proven).toBe(false)
      reader.close()
      expect(await erase(context, 'ann')).toMatchObject({ proven: true, proofs: [first.proof, { found: [] }] })
      expect(kept(context)).toEqual([])
    }))

  test('is one for all who ask meanwhile', () =>
    withPeople(async ({ context }) => {
      const signed: Uint8Array[] = []
      const key = { id: 'k', sign: (bytes: Uint8Array) => Buffer.from(`${signed.push(bytes)}`) }
      const [one, other] = await Promise.all([erase(context, 'ann', { key }), erase(context, 'ann', { key })])
      expect(one).toMatchObject({ proven: true, proofs: [{}] })
      expect(signed).toHaveLength(1)
      expect(other).toEqual(one)
    }))

  test('is missing where the search was cut off, and says so; while another process searches, it waits', () =>
    withPeople(async ({ context }) => {
      const { identity } = context.files
      const { proof: _, ...receipt } = await erase(context, 'ann')
      const cutOff = (pid: number) =>
        identity.change((tx) =>
          tx.update(
            'Erasure',
            { subjectId: 'ann' },
            {
              receipt: JSON.stringify({
                ...receipt,
                proof: null,
                proofs: [],
                proven: false,
                searching: { pid, since: NOW.toISOString() },
              }),
            },
          ),
        )
      await cutOff(process.ppid)
      expect(await failureOf(erase(context, 'ann'))).toMatchObject({ status: 409, retryAfter: 10 })
      await cutOff(process.pid)
      expect(await erase(context, 'ann')).toMatchObject({ proof: null, proven: false })
      expect(await erase(context, 'ann', { values: VALUES })).toMatchObject({ proven: true, proofs: [{}] })
    }))

  test('takes a value of somebody else’s notes for theirs, and a longer one for another', () =>
    withPeople(async ({ context }) => {
      const { files, sagas } = context
      await addPeople(context, 'joann')
      await files.identity.change((tx) => tx.update('User', { id: 'joann' }, { email: `jo${emailOf('ann')}` }))
      await correctSubject(sagas, { subjectId: 'bob', email: 'robert@mail.example' }, asked('POST /v1/corrections'))
      const original = { table: 'User', column: 'email', rowId: 'joann', storage: 'text', replacement: null }
      const value = new Uint8Array(Buffer.from(`Jo${emailOf('ann')}`))
      await files.identity.change((tx) => tx.insert('LegacyOriginal', { ...original, value, subjectId: 'joann' }))
      const { folder } = context.config.mail
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, '1.eml'), `To: jo${emailOf('ann')}\r\n\r\n`)
      writeFileSync(join(folder, '2.eml.new'), Buffer.from(`To: x\r\n\r\n${btoa(`Dear ${emailOf('ann')}, ...`)}`))
      const receipt = await erase(context, 'ann', { values: { emails: [emailOf('bob')], ips: [], texts: [] } })
      expect(receipt).toMatchObject({
        proven: true,
        mails: 1,
        proof: { shared: 1, sharedIn: { 'Correction.note': 1 } },
      })
      expect(readFileSync(join(folder, '1.eml'), 'utf8')).toContain('joann')
    }))

  test('is signed anew each time', () =>
    withPeople(async ({ context }) => {
      const seen: string[] = []
      const key = { id: 'k', sign: (bytes: Uint8Array) => Buffer.from(`${seen.push(String(bytes))}`) }
      await erase(context, 'ann', { key })
      const { signature } = await erase(context, 'ann', { key, values: VALUES })
      expect(signature?.ed25519).toBe(btoa('2'))
      expect(seen).toHaveLength(2)
    }))
})

test('who is ended after the files followed leaves what ends the rest, mails and proof', () =>
  withPeople(async ({ context }) => {
    const { folder } = context.config.mail
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'a.eml'), `To: ${emailOf('ann')}\r\n\r\n`)
    await eraseSubject(context.sagas, { subjectId: 'ann', askedBy: 'test' }, asked('POST /v1/erasure'))
    expect(kept(context).length).toBeGreaterThan(1)
    expect(await erase(context, 'ann')).toMatchObject({ mails: 1, proven: true, proof: { found: [] } })
    expect(kept(context)).toEqual([])
  }))

test('a mail that was on its way while its person was erased does not stay', () =>
  withPeople(async ({ context }) => {
    const { sagas, mailer, config } = context
    const sending = {
      ...mailer,
      async send(mail: Parameters<typeof mailer.send>[0]) {
        let asks = 0
        // The first question is that before the file, the second that behind it: erased in between.
        const isWanted = () => ++asks === 1 || (mail.isWanted?.() ?? true)
        await erase(context, 'ann')
        return await mailer.send({ ...mail, isWanted })
      },
    }
    await requestLogin(sagas, sending, { email: emailOf('ann'), ip: ipOf('ann') }, asked('POST /v1/auth/login-tokens'))
    expect(mailsIn(config.mail.folder)).toEqual([])
  }))

test.each([
  ['to ann@x.example.', 'ann@x.example', true],
  ['<ANN@x.example>', 'ann@x.example', true],
  ['?to=ann@x.example&x', 'ann@x.example', true],
  ['joann@x.example', 'ann@x.example', false],
  ['mary.ann@x.example', 'ann@x.example', false],
  ['ann@x.example.com', 'ann@x.example', false],
  ['joann@x.example, ann@x.example', 'ann@x.example', true],
  ['"196.25.1.7"', '196.25.1.7', true],
  ['196.25.1.70', '196.25.1.7', false],
  ['1.196.25.1.7', '196.25.1.7', false],
  ['082 555 12345', '082 555 1234', false],
])('%s holds %s as its own: %s', (text, value, isIt) => {
  const kind = value.includes('@') ? 'email' : 'text'
  expect(holderOf([{ value, kind }])(text)).toBe(isIt)
})
