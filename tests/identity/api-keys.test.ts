import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createKey, keyVerifier, listKeys, revokeKey, type Scope } from '../../src/identity/api-keys.ts'
import type { PurposeId } from '../../src/identity/purposes.ts'
import { withIdentity } from './open.ts'

const NOW = new Date('2026-06-01T12:00:00.000Z')
const LATER = new Date('2026-06-01T13:00:00.000Z')
const sources = { now: () => NOW, randomBytes: (size: number) => randomBytes(size) }
const named = (scopes: readonly Scope[] = ['frontend'], purposes: readonly PurposeId[] = []) => ({
  name: 'shop',
  scopes,
  purposes,
})

test('a key carries 256 random bits, and only their SHA-256 is kept', async () => {
  await withIdentity(async ({ client, path, checkpoint }) => {
    const { id, key } = await createKey(client, named(['frontend', 'pii:read'], ['support']), sources)
    const secret = key.slice(`gogga_${id}_`.length)
    expect(key.startsWith(`gogga_${id}_`)).toBe(true)
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32)

    const row = await client.apiKey.findUniqueOrThrow({ where: { id } })
    expect(row.hash).toBe(createHash('sha256').update(secret).digest('hex'))
    await checkpoint()
    expect(readFileSync(path).includes(secret)).toBe(false)
  })
})

test('a key is verified with its scopes and purposes', async () => {
  await withIdentity(async ({ client, reader }) => {
    const { id, key } = await createKey(client, named(['frontend', 'pii:read'], ['support']), sources)
    const caller = keyVerifier(reader)(key, NOW)
    expect(caller).toEqual({ keyId: id, scopes: new Set(['frontend', 'pii:read']), purposes: ['support'] })
  })
})

test('whatever is not exactly a live key is refused', async () => {
  await withIdentity(async ({ client, reader }) => {
    const { id, key } = await createKey(client, named(), sources)
    const other = await createKey(client, named(), sources)
    const verify = keyVerifier(reader)
    const secret = key.slice(`gogga_${id}_`.length)
    const wrong = {
      empty: '',
      'cut short': key.slice(0, -1),
      'one character more': `${key}x`,
      'another secret': `gogga_${id}_${'A'.repeat(43)}`,
      "another key's id": `gogga_${other.id}_${secret}`,
      'an unknown id': `gogga_${'0'.repeat(16)}_${secret}`,
      'no prefix': `${id}_${secret}`,
      'in capitals': key.toUpperCase(),
      'the hash instead of the secret': `gogga_${id}_${createHash('sha256').update(secret).digest('hex')}`,
      SQL: `gogga_' or 1=1 --_${secret}`,
    }
    for (const [name, presented] of Object.entries(wrong)) expect(verify(presented, NOW), name).toBeUndefined()
    expect(verify(key, NOW)).toBeDefined()
  })
})

test('revoking acts on the next verification, and the first time stays', async () => {
  await withIdentity(async ({ client, reader }) => {
    const { id, key } = await createKey(client, named(), sources)
    const verify = keyVerifier(reader)
    expect(verify(key, NOW)).toBeDefined()
    const { revokedAt } = await revokeKey(client, id, { now: () => NOW })
    expect(revokedAt).toEqual(NOW)
    expect(verify(key, NOW)).toBeUndefined()
    expect((await revokeKey(client, id, { now: () => LATER })).revokedAt).toEqual(NOW)
    await expect(revokeKey(client, 'nobody', { now: () => NOW })).rejects.toMatchObject({ code: 'not-found' })
  })
})

test('a key ends at the moment of its expiry', async () => {
  await withIdentity(async ({ client, reader }) => {
    const { key } = await createKey(client, { ...named(), expiresAt: LATER }, sources)
    const verify = keyVerifier(reader)
    expect(verify(key, new Date(LATER.getTime() - 1))).toBeDefined()
    expect(verify(key, LATER)).toBeUndefined()
  })
})

test('a scope that this version does not know gives nothing', async () => {
  await withIdentity(async ({ client, reader }) => {
    const { id, key } = await createKey(client, named(), sources)
    await client.apiKey.update({ where: { id }, data: { scopes: 'root frontend everything' } })
    expect(keyVerifier(reader)(key, NOW)?.scopes).toEqual(new Set(['frontend']))
  })
})

test('a purpose that this version does not know gives nothing, nor does a key from before there were purposes', async () => {
  await withIdentity(async ({ client, reader }) => {
    const { id, key } = await createKey(client, named(['frontend', 'pii:read'], ['support']), sources)
    await client.apiKey.update({ where: { id }, data: { purposes: 'curiosity fraud-prevention toString' } })
    expect(keyVerifier(reader)(key, NOW)?.purposes).toEqual(['fraud-prevention'])
    await client.apiKey.update({ where: { id }, data: { purposes: '' } })
    expect(keyVerifier(reader)(key, NOW)?.purposes).toEqual([])
  })
})

test('the register is named where pii:read comes without a purpose, or with one that is not in it', async () => {
  await withIdentity(async ({ client }) => {
    const hint = expect.stringContaining('support, billing-administration')
    const without = createKey(client, { name: 'shop', scopes: ['admin', 'pii:read'] }, sources)
    await expect(without).rejects.toMatchObject({ code: 'usage', hint })
    const unknown = createKey(client, named(['admin', 'pii:read'], ['support', 'curiosity' as PurposeId]), sources)
    await expect(unknown).rejects.toMatchObject({ code: 'usage', hint, message: 'Unknown purpose curiosity' })
    expect(await client.apiKey.count()).toBe(0)
  })
})

test('a purpose without pii:read is refused: it would be for nothing', async () => {
  await withIdentity(async ({ client }) => {
    const made = createKey(client, named(['admin'], ['support']), sources)
    await expect(made).rejects.toMatchObject({ code: 'usage', hint: expect.stringContaining('pii:read') })
    expect(await client.apiKey.count()).toBe(0)
  })
})

test('the list shows every key and no hash', async () => {
  await withIdentity(async ({ client }) => {
    const first = await createKey(client, named(), sources)
    const second = await createKey(client, named(['ops']), { ...sources, now: () => LATER })
    const clear = named(['admin', 'pii:read'], ['support', 'access-request', 'support'])
    const third = await createKey(client, clear, { ...sources, now: () => new Date(LATER.getTime() + 1) })
    const keys = await listKeys(client)
    expect(keys.map(({ id, scopes, purposes }) => ({ id, scopes, purposes }))).toEqual([
      { id: third.id, scopes: ['admin', 'pii:read'], purposes: ['support', 'access-request'] },
      { id: second.id, scopes: ['ops'], purposes: [] },
      { id: first.id, scopes: ['frontend'], purposes: [] },
    ])
    expect(Object.keys(keys[0] ?? {})).not.toContain('hash')
  })
})

const UNFIT: Readonly<Record<string, Parameters<typeof createKey>[1]>> = {
  'without a name': { name: ' ', scopes: ['ops'] },
  'a name with a line break': { name: 'a\nb', scopes: ['ops'] },
  'an endless name': { name: 'x'.repeat(101), scopes: ['ops'] },
  'without a scope': { name: 'shop', scopes: [] },
  'an unknown scope': { name: 'shop', scopes: ['root' as Scope] },
  'already expired': { name: 'shop', scopes: ['ops'], expiresAt: NOW },
}

test.each(Object.entries(UNFIT))('refused: %s', async (_name, key) => {
  await withIdentity(async ({ client }) => {
    await expect(createKey(client, key, sources)).rejects.toMatchObject({ code: 'usage' })
    expect(await client.apiKey.count()).toBe(0)
  })
})
