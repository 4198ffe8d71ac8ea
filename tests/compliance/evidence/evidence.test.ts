import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { keepAudit, listAudits, signed } from '../../../src/compliance/audit/audits.ts'
import type { AuditReport } from '../../../src/compliance/audit/report.ts'
import { signHeads } from '../../../src/compliance/chain/heads.ts'
import { verifyChains } from '../../../src/compliance/chain/verify.ts'
import { gather } from '../../../src/compliance/evidence/gather.ts'
import { CHECKS, LIMITS } from '../../../src/compliance/evidence/index-page.ts'
import { monthOf } from '../../../src/compliance/evidence/month.ts'
import { type Packed, packEvidence, sha256 } from '../../../src/compliance/evidence/pack.ts'
import type { Operations } from '../../../src/compliance/evidence/sources.ts'
import { entriesOf, verifyPack } from '../../../src/compliance/evidence/verify-pack.ts'
import { escapeHtml } from '../../../src/compliance/html.ts'
import { readSigningKey, type SigningKey } from '../../../src/compliance/signing.ts'
import { restoredHead, writeHead } from '../../../src/database/chain-heads.ts'
import { UsageError } from '../../../src/errors.ts'
import { type TestApp, withApp } from '../../http/app.ts'
import { plant } from '../../ops/check/planting.ts'
import { createCage, KINDS } from '../canaries/birds.ts'
import { makeKey } from '../chain/world.ts'

const NOW = new Date('2026-06-20T10:00:00.000Z')
const ABOUT = { month: monthOf('2026-06', NOW), now: NOW }

const DRILL = { domain: 'billing', at: '2026-06-04T10:00:00.000Z', passed: true } as const

async function gathered({ context }: TestApp, key: SigningKey | undefined, drills: Operations['drills'] = [DRILL]) {
  const readers = {
    identity: context.files.identity.reader,
    billing: context.files.billing.reader,
    admin: context.files.admin.reader,
  }
  const operations = { drills, promises: [], unseen: [] }
  const publicKeys = key ? [key.publicPem] : []
  const chains = await verifyChains(readers, { now: NOW, publicKeys })
  return gather({ ...ABOUT, readers, chains, operations, version: '1.2.3', publicKeys })
}

const packed = async (world: TestApp, key: SigningKey | undefined, drills?: Operations['drills']): Promise<Packed> =>
  await packEvidence(await gathered(world, key, drills), { ...ABOUT, key })

const failuresOf = async (world: TestApp, key: SigningKey, drills?: Operations['drills']): Promise<readonly string[]> =>
  (await gathered(world, key, drills)).results.filter(({ outcome }) => outcome === 'failure').map(({ text }) => text)

const at = (day: number) => new Date(Date.UTC(2026, 5, day))

/** Evidence of June 2026, and rows of other months that are none. */
async function fill({ context }: TestApp, key: SigningKey): Promise<void> {
  const { identity, billing, admin } = context.files
  // The first write of a log takes in the rows that were there before.
  await admin.change((tx) => tx.insert('AdminLog', { id: 'g2', adminId: 'u2', action: 'credit', createdAt: at(2) }))
  const event = { subscriptionId: 's-u1', userId: 'u1', event: 'reset', createdAt: at(2) }
  await billing.change((tx) => tx.insert('SubscriptionEvent', { ...event, id: 'e2' }))
  const report = JSON.stringify({ id: 'audit-1', passed: true })
  await identity.change((tx) => {
    const signature = Uint8Array.from(key.sign(Buffer.from(report)))
    const audit = { cause: 'command', endedAt: at(3), passed: true, report, signature, keyId: key.id }
    tx.insert('Audit', { ...audit, id: 'audit-1', startedAt: at(3) })
    tx.insert('Audit', { ...audit, id: 'audit-may', startedAt: new Date('2026-05-31T23:59:59.999Z') })
    tx.insert('Erasure', {
      id: 'e1',
      subjectId: 's1',
      askedBy: 'cli',
      startedAt: at(4),
      doneAt: at(5),
      receipt: '{"erasureId":"e1"}',
    })
    tx.insert('Erasure', { id: 'e2', subjectId: 's2', askedBy: 'cli', startedAt: at(6), doneAt: null, receipt: null })
    for (const id of ['p1', 'p2'])
      tx.insert('PiiAttempt', {
        id,
        place: 'admin.Voucher.voidReason',
        kind: 'email',
        outcome: 'detached',
        createdAt: at(7),
      })
  })
  await signHeads(context.files, { now: at(19), key })
}

const withEvidence = (work: (world: TestApp, key: SigningKey) => Promise<void>): Promise<void> =>
  withApp(async (world) => {
    const key = readSigningKey(makeKey(world.databases.dir))
    await fill(world, key)
    await work(world, key)
  })

const jsonIn = (archive: Buffer, name: string) => JSON.parse(entriesOf(archive).get(name)?.toString() ?? 'null')

test('it holds what the month left: audits, erasures, attempts, heads, drills, migrations, versions, the data map', () =>
  withEvidence(async (world, key) => {
    const { bytes, manifest } = await packed(world, key)
    expect(manifest).toMatchObject({ month: '2026-06', partial: true, keyId: key.id, madeAt: NOW.toISOString() })
    const names = [...entriesOf(bytes).keys()]
    expect(names[0]).toBe('index.html')
    expect(names).toEqual(
      expect.arrayContaining(['audits/audit-1.json', 'audits/audit-1.sig', 'data-map.svg', 'public-key.pem']),
    )
    expect(names).not.toContain('audits/audit-may.json')
    expect(
      jsonIn(bytes, 'erasures.json').map(({ id, hasReceipt }: { id: string; hasReceipt: boolean }) => [id, hasReceipt]),
    ).toEqual([
      ['e1', true],
      ['e2', false],
    ])
    expect(jsonIn(bytes, 'erasures/e1.json')).toEqual({ erasureId: 'e1' })
    expect(jsonIn(bytes, 'attempts.json')).toEqual([
      { place: 'admin.Voucher.voidReason', kind: 'email', outcome: 'detached', count: 2 },
    ])
    expect(jsonIn(bytes, 'chains/verification.json')).toMatchObject({ passed: true })
    expect(entriesOf(bytes).get('chains/heads.jsonl')?.toString().trim().split('\n')).toHaveLength(3)
    expect(jsonIn(bytes, 'operations/drills.json')).toEqual([DRILL])
    expect(jsonIn(bytes, 'migrations.json').billing[0]).toMatchObject({
      checksum: expect.stringMatching(/^[\da-f]{64}$/),
    })
    expect(jsonIn(bytes, 'versions.json')).toMatchObject({ program: '1.2.3', node: process.versions.node })
    const index = entriesOf(bytes).get('index.html')?.toString() ?? ''
    for (const name of Object.keys(manifest.files).filter((one) => one !== 'index.html'))
      expect(index).toContain(`href="${name}"`)
    expect(index).toContain('Partial')
  }))

test('the same evidence gives the same bytes, and they verify with the key and with no other', () =>
  withEvidence(async (world, key) => {
    const [{ bytes }, again] = [await packed(world, key), await packed(world, key)]
    expect(again.bytes.equals(bytes)).toBe(true)
    expect(verifyPack(bytes, [key.publicPem])).toMatchObject({
      passed: true,
      month: '2026-06',
      signedBy: key.id,
      findings: [],
    })
    const { publicKey } = generateKeyPairSync('ed25519')
    const other = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    for (const keys of [[], [other]]) expect(verifyPack(bytes, keys)).toMatchObject({ passed: false, signedBy: null })
    const unsigned = await packed(world, undefined)
    expect(verifyPack(unsigned.bytes, [key.publicPem]).findings).toEqual(['Nobody signed it'])
  }))

test('a byte that was changed anywhere in a file of it, or a file more or less, is told', () =>
  withEvidence(async (world, key) => {
    const { bytes, manifest } = await packed(world, key)
    for (const [name] of Object.entries(manifest.files)) {
      const content = entriesOf(bytes).get(name) ?? Buffer.alloc(0)
      if (content.length === 0) continue
      const changed = Buffer.from(bytes)
      const place = content.byteOffset - bytes.byteOffset + (content.length >> 1)
      changed.writeUInt8(changed.readUInt8(place) ^ 1, place)
      expect(verifyPack(changed, [key.publicPem]).findings, name).toEqual([`${name} is not what the manifest says`])
    }
    const sum = Buffer.from(bytes)
    const sums = entriesOf(bytes).get('SHA256SUMS') ?? Buffer.alloc(0)
    sum.write('0', sums.byteOffset - bytes.byteOffset)
    sum.write('1', sums.byteOffset - bytes.byteOffset + 1)
    expect(verifyPack(sum, [key.publicPem]).findings).toContain('SHA256SUMS does not say what the manifest says')
    const between = Buffer.concat([bytes.subarray(0, 1), bytes])
    expect(() => verifyPack(between, [key.publicPem])).toThrow('no whole evidence pack')
    const renamed = Buffer.from(bytes.toString('latin1').replaceAll('versions.json', 'versionz.json'), 'latin1')
    expect(verifyPack(renamed, [key.publicPem]).passed).toBe(false)
    const half = Buffer.from(bytes)
    half.write('versionz', half.lastIndexOf('versions.json'))
    expect(() => verifyPack(half, [key.publicPem])).toThrow('versionz.json has two names')
    const more = await packEvidence(
      { files: [{ name: 'more.txt', bytes: Buffer.from('more'), about: '' }], results: [] },
      {
        month: monthOf('2026-06', NOW),
        now: NOW,
        key: undefined,
      },
    )
    expect(verifyPack(more.bytes, []).findings).toEqual(['Nobody signed it'])
    for (const cut of [10, bytes.length - 1, bytes.length >> 1])
      expect(() => verifyPack(bytes.subarray(0, cut), [key.publicPem])).toThrow('no whole evidence pack')
  }))

const document = readFileSync(join(import.meta.dirname, '../../../docs/compliance.md'), 'utf8')

test('the index and docs/compliance.md say the same of how to check it, and of what it does not prove', () =>
  withEvidence(async (world, key) => {
    const index =
      entriesOf((await packed(world, key)).bytes)
        .get('index.html')
        ?.toString() ?? ''
    for (const words of [...CHECKS.flat(), LIMITS]) {
      expect(document).toContain(words)
      expect(index).toContain(escapeHtml(words))
    }
  }))

test.skipIf(!existsSync('/usr/bin/openssl'))(
  'it can be checked without us, by the commands of its index alone: sums that were forged along with a file are told',
  () =>
    withEvidence(async (world, key) => {
      const { bytes } = await packed(world, key)
      const dir = join(world.databases.dir, 'evidence')
      for (const [name, content] of entriesOf(bytes)) {
        mkdirSync(dirname(join(dir, name)), { recursive: true })
        writeFileSync(join(dir, name), content)
      }
      writeFileSync(join(world.databases.dir, 'gogga.pem'), key.publicPem)
      const run = (start: string) => {
        const [, command = ''] = CHECKS.find(([, one]) => one.includes(start)) ?? []
        return execFileSync('bash', ['-c', command.replaceAll('ID', 'audit-1')], { cwd: dir, encoding: 'utf8' })
      }
      expect(run('sha256sum -c')).toMatch(/versions\.json: OK\n(.*\n)*MANIFEST\.json: OK/)
      expect(run('-in SHA256SUMS')).toMatch(/Verified Successfully/)
      expect(run('-in audits/')).toMatch(/Verified Successfully/)
      const alone = ['MANIFEST.sig', 'SHA256SUMS', 'SHA256SUMS.sig']
      expect(run('find .').trim().split('\n').sort()).toEqual(alone)
      const forged = Buffer.from('{"passed":true,"forged":1}')
      writeFileSync(join(dir, 'chains/verification.json'), forged)
      const sums = readFileSync(join(dir, 'SHA256SUMS'), 'utf8')
      const line = /[\da-f]{64} {2}chains\/verification\.json/
      writeFileSync(join(dir, 'SHA256SUMS'), sums.replace(line, `${sha256(forged)}  chains/verification.json`))
      writeFileSync(join(dir, 'drills-extra.json'), '{}')
      expect(run('sha256sum -c')).toMatch(/verification\.json: OK/)
      expect(() => run('-in SHA256SUMS')).toThrow()
      expect(run('find .').trim().split('\n')).toContain('drills-extra.json')
    }),
)

test('what failed is said first, and what is not there is said to be missing', () =>
  withEvidence(async (world, key) => {
    expect(await failuresOf(world, key)).toEqual([])
    const gapsOf = async () =>
      (await gathered(world, key, [])).results.filter(({ outcome }) => outcome === 'gap').map(({ text }) => text)
    const mark = restoredHead('billing', { position: 0, hash: Buffer.alloc(32) }, new Date('2026-06-19T12:00Z'), key)
    await world.context.files.identity.change((tx) => void writeHead(tx, mark))
    expect(await gapsOf()).toEqual(
      expect.arrayContaining([
        'No audit was kept on 2026-06-01 to 2026-06-02, 2026-06-04 to 2026-06-19.',
        'No signed head of billing.db on 2026-06-01 to 2026-06-18.',
        'No backup of billing.db was restored for practice in this month.',
        'The erasure e2 is not over.',
        'That nothing is left after the erasure e1 is not proven.',
        'billing.db was put back at 2026-06-19T12:00:00.000Z, to position 0 of its chain: what was logged after that until then.',
      ]),
    )
    const drill = { ...DRILL, passed: false }
    plant(world.databases, 'billing', `update "_prisma_migrations" set checksum = 'other' where rowid = 1`)
    plant(world.databases, 'admin', `update "AdminLog" set action = 'innocent' where id = 'g2'`)
    plant(world.databases, 'billing', `insert into "Tombstone" values ('s9', '2026-06-09T00:00:00.000+00:00')`)
    plant(world.databases, 'identity', `update "Audit" set report = replace(report, 'true', 'false'), passed = 0`)
    const receipt = JSON.stringify({ proven: false, proofs: [{ found: [{ file: 'billing.db' }] }] })
    plant(world.databases, 'identity', `update "Erasure" set receipt = '${receipt}' where id = 'e1'`)
    const failures = await failuresOf(world, key, [drill])
    expect(failures).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^The audit of 2026-06-03.* its signature is not of this report/),
        expect.stringMatching(/^admin\.db AdminLog: /),
        'After the erasure e1 something of the person was found still.',
        expect.stringMatching(/^billing\.db say that s9 was erased/),
        expect.stringMatching(/^The restore of billing\.db for practice at 2026-06-04.* failed/),
        expect.stringMatching(/^billing\.db, migration \S+: its checksum is not the one of the program/),
      ]),
    )
    const { identity } = world.context.files
    for (const id of ['failed', 'later']) {
      const times = { startedAt: NOW.toISOString(), endedAt: NOW.toISOString() }
      const report = { id, cause: 'command', ...times, passed: id === 'later' } as AuditReport
      await keepAudit(identity, signed(report, key, listAudits(identity, 1)[0]))
    }
    const removed = /^The audit failed, before that of 2026-06-20\S+, was removed/
    expect(await failuresOf(world, key)).not.toContainEqual(expect.stringMatching(removed))
    plant(world.databases, 'identity', `delete from "Audit" where id = 'failed'`)
    expect(await failuresOf(world, key)).toContainEqual(expect.stringMatching(removed))
    plant(world.databases, 'identity', `update "Audit" set signature = null where id = 'later'`)
    expect(await gapsOf()).toContain('A signature of 1 of 2 audits: they were made without a key.')
    plant(world.databases, 'identity', `delete from "Audit"`)
    const { bytes } = await packed(world, key, [])
    const index = entriesOf(bytes).get('index.html')?.toString() ?? ''
    expect(index).toContain('<td>FAILED</td><td>admin.db AdminLog')
    expect(index).toContain('No audit was kept in this month')
    expect(index).not.toMatch(/That (backups|the logs)/)
    expect(verifyPack(bytes, [key.publicPem]).shows[0]).toMatchObject({ outcome: 'failure' })
  }))

test('nothing in it is of a person', () =>
  withEvidence(async (world, key) => {
    const cage = createCage()
    const { identity, admin } = world.context.files
    await identity.change((tx) => {
      for (const kind of KINDS) {
        const value = cage.plant(kind, kind)
        tx.insert('User', {
          id: `bird-${kind}`,
          email: `${value}@x.example`,
          isAdmin: false,
          isServiceAdmin: false,
          createdAt: at(1),
          updatedAt: at(1),
        })
        tx.insert('AuthLog', {
          id: `log-${kind}`,
          email: value,
          action: 'sign_in',
          ip: value,
          meta: value,
          createdAt: at(2),
        })
        tx.insert('Restriction', {
          id: `r-${kind}`,
          subjectId: `bird-${kind}`,
          kind: 'objected',
          note: value,
          createdAt: at(2),
        })
      }
    })
    await admin.change((tx) => tx.insert('AdminLog', { id: 'g9', adminId: 'u2', action: 'credit', createdAt: at(2) }))
    const answer = await world.get('/v1/users', ['admin', 'pii:read'])
    expect(answer.statusCode).toBe(200)
    expect([...cage.search(Buffer.from(answer.body))].length).toBeGreaterThan(0)
    const { bytes } = await packed(world, key)
    expect(jsonIn(bytes, 'accesses.json')).toHaveLength(1)
    expect([...cage.search(bytes)]).toEqual([])
    expect(bytes.toString('latin1')).not.toMatch(/@[a-z]+\.(example|co)/)
  }))

test.each([
  ['2026-7', 'Expected a month'],
  ['2026-13', 'Expected a month'],
  ['', 'Expected a month'],
  ['2026-07', 'has not begun'],
])('the month "%s" is refused', (text, message) => {
  expect(() => monthOf(text, NOW)).toThrow(UsageError)
  expect(() => monthOf(text, NOW)).toThrow(message)
})

test('a month that is over is whole', () => {
  expect(monthOf('2026-05', NOW)).toMatchObject({
    isPartial: false,
    from: new Date('2026-05-01'),
    to: new Date('2026-06-01'),
  })
})
