// `gogga audit` as a process: exit codes, files with signatures, and a row for each whole audit.
import { verify as cryptoVerify, generateKeyPairSync } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { withDatabases } from '../helpers/databases.ts'
import { plant, rowsOf, user } from '../ops/check/planting.ts'
import { gogga } from './gogga-child.ts'

it('passes with exit code 0, writes signed reports, looks into backups, and keeps the audit', () =>
  withDatabases(async (databases) => {
    const { dir } = databases
    plant(databases, 'identity', user('u1'))
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    writeFileSync(join(dir, 'key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
    expect((await gogga(dir, 'backup', 'billing')).code).toBe(0)
    const files = ['--html', 'a.html', '--pdf', 'a.pdf', '--sign', 'key.pem']
    const { code, out, err } = await gogga(dir, 'audit', ...files, '--json')
    expect([code, err]).toEqual([0, expect.not.stringContaining('not kept')])
    const report = JSON.parse(out)
    expect(report).toMatchObject({ passed: true, cause: 'command', counts: { high: 0, medium: 0 } })
    expect(report.sections.find(({ section }: { section: string }) => section === 'bytes').looked.backups).toBe(1)
    for (const name of ['a.html', 'a.pdf']) {
      const [bytes, signature] = [readFileSync(join(dir, name)), readFileSync(join(dir, `${name}.sig`))]
      expect(cryptoVerify(null, bytes, publicKey, signature), name).toBe(true)
      expect(statSync(join(dir, name)).mode & 0o777).toBe(0o600)
    }
    const partial = await gogga(dir, 'audit', '--no-backups')
    expect([partial.code, partial.out]).toEqual([0, expect.stringMatching(/^low +backups {2}bytes\.no-backups: /m)])
    const kept = rowsOf<{ id: string; report: string }>(databases, 'identity', 'select * from "Audit"')
    expect(kept.map(({ id }) => id)).toEqual([report.id])
    expect(JSON.parse(kept[0]?.report ?? '')).toEqual(report)
  }))

it('exits with 1 where something is wrong, and says what next; a part of an audit is not kept', () =>
  withDatabases(async (databases) => {
    const { dir } = databases
    plant(databases, 'admin', 'create table note (text)')
    const { code, out } = await gogga(dir, 'audit', '--section', 'schema', '--html', 'a.html')
    expect(code).toBe(1)
    expect(out).toMatch(/^high +admin\.db note {2}schema\.foreign-table: .*\n +Move it out of admin\.db/m)
    expect(existsSync(join(dir, 'a.html.sig'))).toBe(false)
    expect(rowsOf(databases, 'identity', 'select * from "Audit"')).toEqual([])
  }))

it.each([
  ['a section that there is not', ['--section', 'people'], /--section expects one of schema, .*, got "people"/],
  ['a size that is none', ['--log-mb', '0'], /--log-mb expects a whole number from 1 to 65536, got "0"/],
  ['a key that is not there', ['--sign', 'no.pem'], /--sign: the key file no\.pem is not there\n +Put the key there/],
  ['a folder that is not there', ['--pdf', 'no/a.pdf'], /^gogga: no\/a\.pdf cannot be written: ENOENT/],
])('refuses %s, exit code 2', (_name, args, says) =>
  withDatabases(async ({ dir }) => {
    const { code, err } = await gogga(dir, 'audit', ...args)
    expect(code).toBe(2)
    expect(err).toMatch(says)
  }),
)
