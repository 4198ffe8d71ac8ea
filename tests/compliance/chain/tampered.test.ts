// What somebody does who can write to all three files and has no key that signs: five days of signed heads, copied for each case.
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { headsJob, listHeads } from '../../../src/compliance/chain/heads.ts'
import { type VerifyOptions, verifyChains } from '../../../src/compliance/chain/verify.ts'
import { openOwnReaders } from '../../../src/compliance/own-readers.ts'
import { readSigningKey, type SigningKey } from '../../../src/compliance/signing.ts'
import { allModels } from '../../../src/database/catalog.ts'
import { beginningOf, type Link, linkHashOf, rowHashOf } from '../../../src/database/chain.ts'
import { type Head, restoredHead, signedHead } from '../../../src/database/chain-heads.ts'
import { type Files, openFile } from '../../../src/database/clients.ts'
import type { Connection } from '../../../src/database/connections.ts'
import { DOMAINS, type Domain } from '../../../src/database/domains.ts'
import { withFolder } from '../../helpers/databases.ts'
import { codesOf, HOUR_MS, makeKey, withChains } from './world.ts'

type Three = Readonly<Record<Domain, Connection>>

const HEAD_FILES = ['admin', 'identity'] as const
const DAYS = 5

let lab: { dir: string; key: SigningKey; other: SigningKey; now: Date; exported: readonly Head[] }

beforeAll(async () => {
  const dir = mkdtempSync(join(tmpdir(), 'gogga-heads-'))
  await withChains(async (world) => {
    for (let day = 1; day <= DAYS; day++) {
      world.now = new Date(world.now.getTime() + 24 * HOUR_MS)
      await world.log(`a${day}`, `b${day}`)
      await world.events(`e${day}`)
      await world.readings(`r${day}`)
      await world.sign()
      if (day === 2) await copy(world.files, join(dir, 'day2'))
    }
    await copy(world.files, join(dir, 'base'))
    const other = readSigningKey(makeKey(dir, 'other.pem'))
    const now = new Date(world.now.getTime() + HOUR_MS)
    lab = { dir, key: world.key, other, now, exported: listHeads(world.files) }
  })
})
afterAll(() => rmSync(lab.dir, { recursive: true, force: true }))

async function copy(files: Files, to: string): Promise<void> {
  for (const domain of DOMAINS) {
    await files[domain].checkpoint()
    cpSync(files[domain].path, join(to, `${domain}.db`))
  }
}

const pathsIn = (dir: string) => ({
  identity: join(dir, 'identity.db'),
  billing: join(dir, 'billing.db'),
  admin: join(dir, 'admin.db'),
})

function tamper(dir: string, work: (three: Three) => void): void {
  const paths = pathsIn(dir)
  const three = {
    identity: new Database(paths.identity),
    billing: new Database(paths.billing),
    admin: new Database(paths.admin),
  }
  try {
    work(three)
  } finally {
    for (const one of Object.values(three)) one.close()
  }
}

async function codesIn(dir: string, more: Partial<VerifyOptions> = {}): Promise<readonly string[]> {
  using own = openOwnReaders(pathsIn(dir))
  return codesOf(await verifyChains(own.readers, { now: lab.now, publicKeys: [lab.key.publicPem], ...more }))
}

/** Another first row, and every link after it computed as it should be. */
function rewrite({ admin }: Three): ReadonlyMap<number, Buffer> {
  admin.exec(`update "AdminLog" set action = 'innocent' where id = 'a1'`)
  const model = allModels.find(({ name }) => name === 'AdminLog') as (typeof allModels)[number]
  const hashes = new Map([[0, beginningOf('admin')]])
  for (const link of admin.prepare<[], Link>('select * from "ChainLink" order by position').all()) {
    const row = admin.prepare('select * from "AdminLog" where id = ?').get(link.rowId) as never
    const rowHash = rowHashOf(model, row)
    const hash = linkHashOf(hashes.get(link.position - 1) ?? Buffer.of(), { ...link, rowHash })
    hashes.set(link.position, hash)
    admin.prepare('update "ChainLink" set rowHash = ?, hash = ? where position = ?').run(rowHash, hash, link.position)
  }
  return hashes
}

function mark(three: Three, at: Date): void {
  const { id, domain, position, hash, createdAt } = restoredHead(
    'admin',
    { position: 0, hash: beginningOf('admin') },
    at,
  )
  for (const file of HEAD_FILES)
    three[file]
      .prepare(`insert into "ChainHead" values (?, ?, ?, ?, 'restored', null, null, ?)`)
      .run(id, domain, position, hash, createdAt)
}

/** Heads that say what the chain is now. */
function headsAnew(three: Three, hashes: ReadonlyMap<number, Buffer>, signer?: SigningKey): void {
  for (const file of HEAD_FILES)
    for (const head of three[file].prepare<[], Head>('select * from "ChainHead" where domain = \'admin\'').all()) {
      const { hash, keyId, signature } = signedHead({ ...head, hash: hashes.get(head.position) ?? Buffer.of() }, signer)
      three[file]
        .prepare('update "ChainHead" set hash = ?, keyId = ?, signature = ? where id = ?')
        .run(hash, keyId, signature, head.id)
    }
}

const strip = (three: Three, where = 'true') => {
  for (const file of HEAD_FILES)
    three[file].exec(`update "ChainHead" set keyId = null, signature = null where ${where}`)
}

function emptyAdmin({ admin }: Three): void {
  admin.exec('delete from "ChainLink"; delete from "AdminLog"')
}

const LOGS = { identity: 'AccessLog', billing: 'SubscriptionEvent', admin: 'AdminLog' } as const

/** Of one chain: heads after the second day, and the links and rows that came later. */
function cutTail(three: Three, domain: Domain): void {
  for (const file of HEAD_FILES)
    three[file].exec(`delete from "ChainHead" where domain = '${domain}' and id > '${domain}-000002'`)
  const { position } = three.admin
    .prepare(`select max(position) as position from "ChainHead" where domain = '${domain}'`)
    .get() as {
    position: number
  }
  const ids = three[domain]
    .prepare('select rowId from "ChainLink" where position > ?')
    .pluck()
    .all(position) as string[]
  for (const id of ids) three[domain].prepare(`delete from "${LOGS[domain]}" where id = ?`).run(id)
  three[domain].prepare('delete from "ChainLink" where position > ?').run(position)
}

const all = (code: string) => DOMAINS.map((domain) => `${code} ${domain}.db`)

interface Case {
  readonly name: string
  readonly work: (three: Three) => void
  readonly codes: readonly string[]
  /** Against what a reviewer kept, beside the others. */
  readonly exported?: readonly string[]
  readonly more?: () => Partial<VerifyOptions>
}

const REWRITTEN = 'high chain.rewritten admin.db'
const TRUNCATED = 'high chain.truncated admin.db'

const CASES: readonly Case[] = [
  { name: 'nothing', work: () => {}, codes: [], exported: [] },
  {
    name: 'a log written anew, with a mark of a restore',
    work: (three) => {
      rewrite(three)
      mark(three, lab.now)
    },
    codes: [REWRITTEN, 'high chain.mark-unsigned admin.db'],
    exported: [REWRITTEN, 'high chain.mark-unsigned admin.db'],
  },
  {
    name: 'a log emptied, with a mark of a restore that is yet to come',
    work: (three) => {
      emptyAdmin(three)
      mark(three, new Date('2999-01-01'))
    },
    codes: [TRUNCATED, 'high chain.mark-future admin.db'],
    exported: [TRUNCATED, 'high chain.mark-future admin.db'],
  },
  {
    name: 'a log written anew, and the signatures of its heads taken off',
    work: (three) => headsAnew(three, rewrite(three)),
    codes: ['high chain.heads-unsigned admin.db'],
    exported: ['high chain.head-differs admin.db', 'high chain.heads-unsigned admin.db', REWRITTEN],
  },
  {
    name: 'the newest signatures taken off',
    work: (three) => strip(three, `domain = 'admin' and id > 'admin-000003'`),
    codes: ['high chain.heads-unsigned admin.db'],
  },
  { name: 'all signatures taken off', work: (three) => strip(three), codes: all('medium chain.heads-unsigned') },
  {
    name: 'all signatures taken off, where the key was given',
    work: (three) => strip(three),
    more: () => ({ onlyKeys: true }),
    codes: all('high chain.heads-unsigned'),
  },
  {
    name: 'a log written anew, and signed with a key of their own',
    work: (three) => headsAnew(three, rewrite(three), lab.other),
    more: () => ({ onlyKeys: true }),
    codes: ['high chain.key-unknown admin.db'],
  },
  {
    name: 'the last days of one chain gone everywhere',
    work: (three) => cutTail(three, 'admin'),
    codes: ['high chain.heads-end admin.db', 'medium chain.head-late admin.db'],
  },
  {
    name: 'the last days of all chains gone everywhere',
    work: (three) => {
      for (const domain of DOMAINS) cutTail(three, domain)
    },
    codes: all('medium chain.head-late'),
    exported: DOMAINS.flatMap((domain) => [
      `high chain.head-missing ${domain}.db`,
      `high chain.truncated ${domain}.db`,
    ]),
  },
  {
    name: 'a table of heads dropped',
    work: ({ identity }) => void identity.exec('drop table "ChainHead"'),
    codes: ['high chain.table-missing identity.db', ...all('medium chain.head-lost')],
  },
  {
    name: 'a table of links dropped',
    work: ({ admin }) => void admin.exec('drop table "ChainLink"'),
    codes: ['high chain.table-missing admin.db', TRUNCATED],
  },
]

it.each(CASES)('finds $name', ({ work, codes, exported, more = () => ({}) }) =>
  withFolder(async (dir) => {
    cpSync(join(lab.dir, 'base'), dir, { recursive: true })
    tamper(dir, work)
    expect(await codesIn(dir, more())).toEqual(codes)
    if (exported) expect(await codesIn(dir, { ...more(), exported: lab.exported })).toEqual(exported)
  }),
)

it('finds three files of days ago by their age, and by what was kept elsewhere', async () => {
  const dir = join(lab.dir, 'day2')
  expect(await codesIn(dir)).toEqual(all('medium chain.head-late'))
  expect(await codesIn(dir, { exported: lab.exported })).toEqual(expect.arrayContaining(all('high chain.head-missing')))
})

it('finds heads of a time that is yet to come, by the clock of whoever looks', async () => {
  const before = new Date(lab.now.getTime() - 72 * HOUR_MS)
  expect(await codesIn(join(lab.dir, 'base'), { now: before })).toEqual(all('medium chain.head-future'))
})

const REFUSED: readonly { name: string; work: (three: Three) => void; why: string }[] = [
  {
    name: 'a row was changed',
    work: ({ admin }) => void admin.exec(`update "AdminLog" set action = 'x' where id = 'new'`),
    why: 'rows that the link at position 11 covers were changed or removed',
  },
  {
    name: 'a row was removed',
    work: ({ admin }) => void admin.exec(`delete from "AdminLog" where id = 'new'`),
    why: 'rows that the link at position 11 covers',
  },
  {
    name: 'the chain was written anew',
    work: (three) => void rewrite(three),
    why: 'the chain does not lead to the head admin-000005 of position 10',
  },
  {
    name: 'links are gone',
    work: ({ admin }) => void admin.exec('delete from "ChainLink" where position > 8'),
    why: 'the chain does not lead to the head admin-000005',
  },
  {
    name: 'a link was changed',
    work: ({ admin }) => void admin.exec(`update "ChainLink" set rowId = 'x' where position = 11`),
    why: 'the link at position 11 does not follow',
  },
  {
    name: 'signatures were taken off',
    work: (three) => headsAnew(three, rewrite(three)),
    why: '5 of its heads, the newest, are not signed',
  },
  {
    name: 'a mark nobody signed takes it back',
    work: (three) => {
      rewrite(three)
      mark(three, lab.now)
    },
    why: 'it was put back at ',
  },
  {
    name: 'its table is gone',
    work: ({ admin }) => void admin.exec('drop table "ChainLink"'),
    why: 'its table ChainLink is gone',
  },
  {
    name: 'its heads were removed',
    work: (three) => {
      for (const file of HEAD_FILES) three[file].exec(`delete from "ChainHead" where domain = 'admin'`)
    },
    why: 'it has no head, and the other chains have some',
  },
]

it.each(REFUSED)('signs nothing on top of it where $name', ({ work, why }) =>
  withFolder(async (dir) => {
    cpSync(join(lab.dir, 'base'), dir, { recursive: true })
    const paths = pathsIn(dir)
    const options = { busyTimeoutMs: 2_000, cacheMb: 4 }
    await using identity = await openFile('identity', paths.identity, options)
    await using billing = await openFile('billing', paths.billing, options)
    await using admin = await openFile('admin', paths.admin, options)
    await admin.change((tx) =>
      tx.insert('AdminLog', { id: 'new', adminId: 'boss', action: 'login', createdAt: lab.now }),
    )
    tamper(dir, work)
    const now = () => new Date(lab.now.getTime() + 24 * HOUR_MS)
    const files: Files = { identity, billing, admin }
    const job = headsJob({ files, now, key: lab.key })
    await expect(job.run()).rejects.toThrow(`admin.db gets no head: ${why}`)
    // The others have theirs.
    const made = listHeads(files).filter(({ createdAt }) => createdAt > lab.now.toISOString())
    expect(made.filter(({ kind }) => kind === 'signed').map(({ domain }) => domain)).toEqual(['billing', 'identity'])
    expect(made.every(({ signature, keyId }) => signature !== null && keyId === lab.key.id)).toBe(true)
  }),
)
