// What heads promise: nobody forges, removes or loses one unseen, and a reviewer who keeps them needs no trust in the files.
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { exportHeads, headsJob, importHeads, listHeads, signHeads } from '../../../src/compliance/chain/heads.ts'
import { readPublicKeys, readSigningKey, verifySignature } from '../../../src/compliance/signing.ts'
import { headBytes, restoredHead, writeHead } from '../../../src/database/chain-heads.ts'
import { DOMAINS } from '../../../src/database/domains.ts'
import { UsageError } from '../../../src/errors.ts'
import { withFolder } from '../../helpers/databases.ts'
import { codesOf, HOUR_MS, makeKey, withChains } from './world.ts'

it('are counted, signed over all they say, and kept in identity.db and in admin.db', () =>
  withChains(async (world) => {
    await world.log('a')
    await world.sign()
    await world.log('b')
    await world.sign()
    const heads = listHeads(world.files)
    expect(heads.map(({ id, position, kind }) => `${id} ${position} ${kind}`)).toEqual([
      'admin-000001 1 signed',
      'billing-000001 0 signed',
      'identity-000001 0 signed',
      'admin-000002 2 signed',
      'billing-000002 0 signed',
      'identity-000002 0 signed',
    ])
    for (const head of heads) {
      const signature = head.signature ?? Buffer.of()
      expect(verifySignature(world.key.publicPem, headBytes(head), signature)).toBe(true)
      expect(verifySignature(world.key.publicPem, headBytes({ ...head, position: 9 }), signature)).toBe(false)
    }
    const sql = 'select * from "ChainHead" order by id'
    expect(world.files.identity.rows.all(sql)).toEqual(world.files.admin.rows.all(sql))
    expect(await world.codes()).toEqual([])
  }))

it('are signed when identity.db has on disk what they say, which does not sync each change', () =>
  withChains(async (world) => {
    await world.readings('r')
    const probe = await open(world.files.identity.path)
    await probe.close()
    const synced: number[] = []
    const spy = vi.spyOn(Object.getPrototypeOf(probe) as FileHandle, 'sync')
    spy.mockImplementation(async () => void synced.push(listHeads(world.files).length))
    try {
      await world.sign()
    } finally {
      spy.mockRestore()
    }
    expect([synced, listHeads(world.files).length]).toEqual([[0], 3])
  }))

it('come once a day and chain, and with a new key when somebody says that it is one', () =>
  withChains(async (world) => {
    const job = (key = world.key) => headsJob({ files: world.files, now: () => world.now, key }).run()
    expect(await job()).toHaveLength(3)
    expect(await job()).toHaveLength(0)
    world.now = new Date(world.now.getTime() + 24 * HOUR_MS)
    expect((await job()).map(({ id }) => id)).toEqual(['identity-000002', 'billing-000002', 'admin-000002'])
    const other = readSigningKey(makeKey(world.databases.dir, 'other.pem'))
    // Not by itself: somebody who took all signatures off would look the same.
    await expect(job(other)).rejects.toThrow('admin.db gets no head: 2 of its heads, the newest, are not signed')
    await signHeads(world.files, { now: world.now, key: other, publicKeys: [world.key.publicPem] })
    expect(await job(other)).toHaveLength(0)
    world.now = new Date(world.now.getTime() + 24 * HOUR_MS)
    expect((await job(other)).map(({ keyId }) => keyId)).toEqual([other.id, other.id, other.id])
  }))

it('that go while a server runs are missed by it, and nothing is signed in their place', () =>
  withChains(async (world) => {
    const job = headsJob({ files: world.files, now: () => world.now, key: world.key })
    await job.run()
    await job.run()
    for (const file of ['identity', 'admin'] as const) world.tamper(file, `delete from "ChainHead"`)
    await expect(job.run()).rejects.toThrow('3 head(s) are gone or changed since this server began, first ')
    expect(listHeads(world.files)).toEqual([])
  }))

interface Case {
  readonly name: string
  readonly identity?: readonly string[]
  readonly admin?: readonly string[]
  readonly codes: readonly string[]
}

const CASES: readonly Case[] = [
  {
    name: 'one that says another position, in one file',
    admin: [`update "ChainHead" set position = 1 where id = 'admin-000002'`],
    codes: ['high chain.head-differs admin.db', 'high chain.head-forged admin.db'],
  },
  {
    name: 'one that says another position, in both',
    identity: [`update "ChainHead" set position = 1 where id = 'admin-000002'`],
    admin: [`update "ChainHead" set position = 1 where id = 'admin-000002'`],
    codes: ['high chain.head-forged admin.db'],
  },
  {
    name: 'one that is gone from one file',
    identity: [`delete from "ChainHead" where id = 'admin-000002'`],
    codes: ['medium chain.head-lost admin.db'],
  },
  {
    name: 'one that is gone from both, with newer ones',
    identity: [`delete from "ChainHead" where id = 'admin-000002'`],
    admin: [`delete from "ChainHead" where id = 'admin-000002'`],
    codes: ['high chain.head-removed admin.db'],
  },
  {
    name: 'a signature that was taken off, in both',
    identity: [`update "ChainHead" set signature = null where id = 'admin-000003'`],
    admin: [`update "ChainHead" set signature = null where id = 'admin-000003'`],
    codes: ['high chain.heads-unsigned admin.db'],
  },
]

it.each(CASES)('are not changed unseen: $name', ({ identity = [], admin = [], codes }) =>
  withChains(async (world) => {
    for (const id of ['a', 'b', 'c']) {
      await world.log(id)
      await world.sign()
    }
    world.tamper('identity', ...identity)
    world.tamper('admin', ...admin)
    world.now = new Date(world.now.getTime() + HOUR_MS)
    expect(await world.codes()).toEqual(codes)
  }),
)

it('are copied where a server was killed between the two files', () =>
  withChains(async (world) => {
    await world.sign()
    world.tamper('identity', 'delete from "ChainHead"')
    world.now = new Date(world.now.getTime() + HOUR_MS)
    expect(await world.codes()).toHaveLength(3)
    await world.sign()
    expect(await world.codes()).toEqual([])
    expect(listHeads(world.files)).toHaveLength(6)
  }))

it('without a key are kept all the same, and that is said', () =>
  withChains(async (world) => {
    await world.log('a')
    await world.sign(null)
    const report = await world.verify({ publicKeys: [] })
    expect(report.passed).toBe(true)
    expect(codesOf(report)).toContain('low chain.heads-unsigned admin.db')
    expect(await world.codes()).toContain('medium chain.heads-unsigned admin.db')
    expect(await world.codes({ onlyKeys: true })).toContain('high chain.heads-unsigned admin.db')
    await expect(world.sign()).rejects.toThrow('are not signed with a key that is known here')
    await world.sign(world.key, DOMAINS)
    const signed = await world.verify()
    expect(codesOf(signed)).toContain('low chain.heads-unsigned admin.db')
    expect(signed.chains[2]?.newestHead).toMatchObject({ keyId: world.key.id })
    await expect(world.sign(null)).rejects.toThrow('its heads are signed, and GOGGA_SIGNING_KEY_FILE is not set')
  }))

it('of a key that nobody knows prove nothing, until a newer one covers them', () =>
  withChains(async (world) => {
    await world.log('a')
    await world.sign()
    expect(await world.codes({ publicKeys: [] })).toContain('medium chain.key-unknown admin.db')
    const other = readSigningKey(makeKey(world.databases.dir, 'other.pem'))
    await world.log('b')
    await world.sign(other, DOMAINS)
    const report = await world.verify({ publicKeys: [other.publicPem] })
    expect([report.passed, codesOf(report)]).toEqual([true, expect.arrayContaining(['low chain.key-unknown admin.db'])])
    expect(await world.codes({ publicKeys: [other.publicPem, world.key.publicPem] })).toEqual([])
    // Whoever names the keys names all of them.
    const given = { publicKeys: [other.publicPem], onlyKeys: true }
    expect(await world.codes(given)).toContain('high chain.key-unknown admin.db')
  }))

it('that a reviewer kept tell of what was written anew with all heads', () =>
  withChains(async (world) => {
    await world.log('a', 'b')
    await world.sign()
    const kept = exportHeads(listHeads(world.files))
    const exported = importHeads(kept)
    expect(exported).toEqual(listHeads(world.files))
    expect(await world.codes({ exported })).toEqual([])
    // With the key, on all three files: nothing in them contradicts it.
    world.tamper('admin', `update "AdminLog" set adminId = 'x'`, 'delete from "ChainLink"', 'delete from "ChainHead"')
    world.tamper('identity', 'delete from "ChainHead"')
    await world.log('c')
    await world.sign()
    expect(await world.codes()).toEqual([])
    const codes = await world.codes({ exported })
    expect(codes).toContain('high chain.rewritten admin.db')
    expect(codes).toContain('high chain.head-differs admin.db')
    expect(() => importHeads('{"id":1}\n')).toThrow('Line 1 is no head')
    expect(() => importHeads('nothing')).toThrow('Line 1 is no head')
  }))

it('that go further than a restored file are explained by the mark of the restore, and by nothing else', () =>
  withChains(async (world) => {
    await world.log('a', 'b')
    await world.sign()
    const [end] = world.files.admin.rows.all<{ position: number; hash: Buffer }>(
      'select position, hash from "ChainLink" where position = 1',
    )
    world.tamper('admin', `delete from "AdminLog" where id = 'b'`, 'delete from "ChainLink" where position = 2')
    world.now = new Date(world.now.getTime() + HOUR_MS)
    expect(await world.codes()).toEqual(['high chain.truncated admin.db'])
    const mark = restoredHead('admin', end as NonNullable<typeof end>, world.now, world.key)
    for (const file of [world.files.identity, world.files.admin]) await file.change((tx) => void writeHead(tx, mark))
    const report = await world.verify()
    expect(report.findings.map(({ code, severity, position }) => [code, severity, position])).toEqual([
      ['chain.restored', 'info', 1],
    ])
    expect([report.passed, report.findings[0]?.message]).toEqual([true, expect.stringContaining(mark.createdAt)])
    await world.log('c')
    await world.sign()
    expect(await world.codes()).toEqual(['info chain.restored admin.db'])
    // What the backup held is bound still.
    world.tamper('admin', `update "AdminLog" set action = 'x' where id = 'a'`, 'delete from "ChainLink"')
    await world.log('d')
    expect(await world.codes()).toContain('high chain.rewritten admin.db')
  }))

it('that somebody kept are explained by no mark without a signature, also where nothing is signed', () =>
  withChains(async (world) => {
    await world.log('a', 'b')
    await world.sign(null)
    const exported = listHeads(world.files)
    const [end] = world.files.admin.rows.all<{ position: number; hash: Buffer }>(
      'select position, hash from "ChainLink" where position = 1',
    )
    world.tamper('admin', `delete from "AdminLog" where id = 'b'`, 'delete from "ChainLink" where position = 2')
    const mark = restoredHead('admin', end as NonNullable<typeof end>, world.now)
    for (const file of [world.files.identity, world.files.admin]) await file.change((tx) => void writeHead(tx, mark))
    const report = await world.verify({ publicKeys: [] })
    expect(report.passed).toBe(true)
    const restored = report.findings.find(({ code }) => code === 'chain.restored')
    expect(restored?.message).toContain('from position 2 or later (admin-000001 of ')
    expect(restored?.message).toContain(', which nobody signed: ')
    expect(await world.codes({ publicKeys: [], exported })).toContain('high chain.truncated admin.db')
  }))

it('are signed with a key in a file that others cannot read', () =>
  withFolder((dir) => {
    const path = makeKey(dir, 'key.pem')
    const { id, publicPem } = readSigningKey(path)
    expect(id).toMatch(/^[0-9a-f]{16}$/)
    expect(publicPem).toMatch(/^-----BEGIN PUBLIC KEY-----\n/)
    const pem = readFileSync(path, 'utf8')
    const passphrase = { cipher: 'aes-256-cbc', passphrase: 'x', type: 'pkcs8', format: 'pem' } as const
    const odd = {
      'secret words': 'does not hold an Ed25519 private key',
      ' \n': 'is empty, expected an Ed25519 private key',
      [publicPem]: 'holds a public key, expected an Ed25519 private key',
      [createPrivateKey(pem).export(passphrase).toString()]: 'holds a key behind a passphrase',
      [generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()]:
        'holds a private key of the kind x25519',
    }
    for (const [content, says] of Object.entries(odd)) {
      const file = join(dir, 'odd.pem')
      writeFileSync(file, content, { mode: 0o600 })
      const { message, hint = '' } = refusalOf(() => readSigningKey(file))
      expect(message).toContain(`GOGGA_SIGNING_KEY_FILE: the key file ${file} ${says}`)
      // What it says to do never writes over the file that is there.
      expect([hint.includes(file), message.includes('secret'), hint.length > 20]).toEqual([false, false, true])
    }
    expect(refusalOf(() => readSigningKey(join(dir, 'none'), '--sign')).message).toMatch(/^--sign: .* is not there$/)
    expect(refusalOf(() => readPublicKeys(join(dir, 'none'))).message).toMatch(/^--public-key: .* is not there$/)
    expect(refusalOf(() => readSigningKey(dir)).message).toContain('is a folder')
    const shared = makeKey(dir, 'open.pem')
    chmodSync(shared, 0o640)
    expect(readSigningKey(shared).id).toMatch(/^[0-9a-f]{16}$/)
    chmodSync(shared, 0o644)
    expect(() => readSigningKey(shared)).toThrow('has the mode 644')
  }))

function refusalOf(work: () => unknown): UsageError {
  try {
    work()
  } catch (error) {
    if (error instanceof UsageError) return error
    throw error
  }
  throw new Error('was not refused')
}
