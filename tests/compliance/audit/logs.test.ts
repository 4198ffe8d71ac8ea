// Logs of the application: what is found in them, where, and what is none.
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { auditLogs } from '../../../src/compliance/audit/logs.ts'
import { withFolder } from '../../helpers/databases.ts'
import { shortly } from './planted.ts'

const line = (fields: object): string =>
  `${JSON.stringify({ level: 30, time: 1_780_315_200_000, pid: 1, hostname: 'a', ...fields })}\n`

const found = (text: string, mebibytes?: number) =>
  withFolder(async (dir) => {
    const file = join(dir, 'server.log')
    writeFileSync(file, text)
    return await auditLogs({ files: [file], ...(mebibytes !== undefined && { mebibytes }) })
  })

it.each([
  ['an email in a message', line({ msg: 'sent to thabo@mail.example' }), ['high server.log $.msg logs.email']],
  ['a phone number deep within', line({ req: { to: ['082 555 0142'] } }), ['medium server.log $.req.to[*] logs.phone']],
  ['a number that is no text', line({ id: 8_001_015_009_087 }), ['high server.log $.id logs.idNumber']],
  ['an address in a key', line({ 'thabo@mail.example': 1 }), ['high server.log $.* logs.email']],
  ['an address in plain text', 'connected from 41.13.21.77\n', ['medium server.log logs.ip']],
  ['a line without an end', 'mail thabo@mail.example', ['high server.log logs.email']],
  ['broken JSON', '{"msg":"thabo@mail.example\n', ['high server.log logs.email']],
  ['times, ids and counts', line({ reqId: '5d1f0a77c9b2-1z', responseTime: 1_234_567_890.5, rows: 12 }), []],
  ['addresses of no machine in particular', line({ msg: 'Server listening at http://127.0.0.1:3000' }), []],
])('%s', async (_name, text, expected) => {
  expect(shortly((await found(text)).findings)).toEqual(expected)
})

it('counts lines by place, and reads the end of a log only', async () => {
  const early = line({ msg: 'old@mail.example' })
  const rest = line({ msg: `new@mail.example ${'x'.repeat(1_000)}` }).repeat(1_100)
  const { findings, looked } = await found(early + rest, 1)
  expect(findings).toHaveLength(1)
  expect(findings[0]?.count).toBeGreaterThan(900)
  expect(findings[0]?.count).toBeLessThan(1_100)
  expect(looked.bytes).toBeLessThanOrEqual(1_048_577)
})

it.each([
  ['base64', line({ msg: `body ${Buffer.from('mail thabo@mail.example').toString('base64')}` })],
  ['a full-width sign', line({ msg: 'sent to thabo\uff20mail.example' })],
  ['a character reference', 'sent to thabo&#64;mail.example\n'],
])('sees through %s', async (_name, text) => {
  expect((await found(text)).findings.map(({ code }) => code)).toEqual(['logs.email'])
})

it('unpacks gzip, and says of what else is no text that it was not looked at', () =>
  withFolder(async (dir) => {
    const text = line({ msg: 'sent to thabo@mail.example' })
    const packed = gzipSync(text.repeat(50))
    const logs = {
      'a.log.gz': packed,
      'b.log.gz': packed.subarray(0, -20),
      'c.log.zst': Buffer.from('28b52ffd0400', 'hex'),
      'd.log': Buffer.from(text, 'utf16le'),
    }
    const files = Object.entries(logs).map(([name, bytes]) => {
      writeFileSync(join(dir, name), bytes)
      return join(dir, name)
    })
    const { findings, looked } = await auditLogs({ files })
    expect(shortly(findings).filter((text) => !text.includes('b.log.gz $.msg'))).toEqual([
      'high a.log.gz $.msg logs.email',
      'medium b.log.gz logs.unreadable',
      'medium c.log.zst logs.no-text',
      'medium d.log logs.no-text',
    ])
    expect(looked.lines).toBeGreaterThanOrEqual(50)
  }))

it('says which log could not be read, and that none was named', () =>
  withFolder(async (dir) => {
    appendFileSync(join(dir, 'b.log'), 'thabo@mail.example\n')
    const { findings } = await auditLogs({ files: [join(dir, 'a.log'), join(dir, 'b.log')] })
    expect(shortly(findings)).toEqual(['medium a.log logs.unreadable', 'high b.log logs.email'])
    expect(shortly((await auditLogs({ files: [] })).findings, true)).toEqual(['info logs logs.none'])
  }))
