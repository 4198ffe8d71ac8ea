// docs/operations.md is true: its drill is run as it stands there, and judged by SQL of its own; its commands and alarms exist.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { withFolder } from './helpers/databases.ts'
import { brokenLinks, commandsIn, faultsOf } from './helpers/document.ts'

const ROOT = join(import.meta.dirname, '..')
const document = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8')
const blocks = [...document.matchAll(/```(\w*)\n([\s\S]*?)```/g)]
const drill = blocks.flatMap(([, language, content = '']) => (language === 'bash' ? [content] : [])).join('\n')

async function runDrill(env: Readonly<Record<string, string>>) {
  const options = { cwd: ROOT, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] as const }
  const child = spawn('bash', ['-c', drill], { ...options, stdio: [...options.stdio] })
  const [[code], out, err] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)])
  return { code: code as number, out, err }
}

interface Entry {
  readonly at: string
  readonly what: string
  readonly rows: readonly { readonly file: string; readonly table: string; readonly where: Record<string, string> }[]
}

describe('the drill', () => {
  it('is passed to the letter, and says the truth', { timeout: 240_000 }, () =>
    withFolder(async (dir) => {
      const { code, out, err } = await runDrill({ KEEP: dir })
      expect(code, out + err).toBe(0)
      expect(out).toContain('The drill is passed.')
      expect(out).toContain(`error    billing.db  open: billing.db is missing`)
      expect(err).toMatch(/gogga cannot start: 1 thing is wrong[\s\S]+gogga restore billing --from latest/)
      expect(out).toMatch(/\n0 errors, /)

      const events = readFileSync(join(dir, 'backups.log'), 'utf8')
      const taken = [...events.matchAll(/"backup","domain":"billing","id":"([^"]+)"/g)].map(([, id]) => id)
      expect(taken.length).toBeGreaterThanOrEqual(3)
      const { backup } = json<{ backup: { id: string; takenAt: string } }>(dir, 'restored.json')
      const manifests = readdirSync(join(dir, 'data/backups/billing')).filter((name) =>
        /^billing-.*Z-\w+\.json$/.test(name),
      )
      const times = manifests.map((name) => json<{ takenAt: string }>(dir, `data/backups/billing/${name}`).takenAt)
      expect(backup.takenAt).toBe(times.sort().at(-1))

      judge(dir, backup.takenAt, out)
      for (const name of ['server.json', 'again.json']) {
        const { address } = json<{ address: string }>(dir, name)
        await expect(fetch(`${address}/health/live`)).rejects.toThrow()
      }
    }),
  )

  it('leaves a folder alone in which there is data', () =>
    withFolder(async (dir) => {
      mkdirSync(join(dir, 'data'))
      const { code, err } = await runDrill({ KEEP: dir })
      expect([code, err.trim()]).toEqual([2, `There is data in ${dir} already.`])
      expect(readdirSync(dir)).toEqual(['data'])
    }))

  it('removes its folder, and says what failed', () =>
    withFolder(async (dir) => {
      const [bin, temporary] = [join(dir, 'bin'), join(dir, 'tmp')]
      for (const folder of [bin, temporary]) mkdirSync(folder)
      writeFileSync(join(bin, 'npx'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
      const { code, err } = await runDrill({ TMPDIR: temporary, PATH: `${bin}:${process.env.PATH}` })
      expect(code).toBe(1)
      expect(err).toContain('THE DRILL FAILED: no server')
      expect(readdirSync(temporary)).toEqual([])
    }))
})

const json = <T>(dir: string, name: string): T => JSON.parse(readFileSync(join(dir, name), 'utf8')) as T

/** Everything that was acknowledged, looked for again: what the drill printed must be exactly what is gone. */
function judge(dir: string, takenAt: string, out: string): void {
  const files = new Map(
    ['identity', 'billing', 'admin'].map((name) => [name, new Database(join(dir, `data/${name}/${name}.db`))]),
  )
  try {
    const lines = readFileSync(join(dir, 'ledger.jsonl'), 'utf8').trimEnd().split('\n')
    const entries = lines.map((line) => JSON.parse(line) as Entry)
    const rows = entries.flatMap(({ at, what, rows: own }) => own.map((row) => ({ at, what, ...row })))
    const isThere = ({ file, table, where }: (typeof rows)[number]) => {
      const sql = `select count(*) from "${table}" where ${Object.keys(where)
        .map((name) => `"${name}" = ?`)
        .join(' and ')}`
      return (
        files
          .get(file)
          ?.prepare(sql)
          .pluck()
          .get(...Object.values(where)) === 1
      )
    }
    const gone = rows.filter((row) => !isThere(row))
    expect(gone.filter(({ at, file }) => at < takenAt || file !== 'billing')).toEqual([])
    expect(rows.filter(({ at }) => at < takenAt).length).toBeGreaterThan(50)
    expect(new Set(rows.filter(({ at }) => at >= takenAt).map(({ what }) => what)).size).toBeGreaterThan(4)

    const named = [...out.matchAll(/^ {2}(\S+Z) {2}billing\.(\w+) (.+?) {2}/gm)].map(([, ...parts]) => parts.join(' '))
    const keyOf = (where: Record<string, string>) => Object.entries(where).map((pair) => pair.join('='))
    expect(named).toEqual(gone.map(({ at, table, where }) => [at, table, ...keyOf(where)].join(' ')))
    expect(gone.length).toBeGreaterThan(10)
    expect(new Set(gone.map(({ what }) => what))).not.toContain('redemption')

    const [all, before, after, ...parts] = [
      /^(\d+) changes were/m,
      /(\d+) before the/,
      /(\d+) after it/,
      /(\d+) in the backup/,
      /(\d+) came back/,
      /(\d+) not of/,
      /(\d+) lost;/,
    ].map((pattern) => Number(pattern.exec(out)?.[1]))
    expect(all).toBe(entries.length)
    expect((before ?? 0) + (after ?? 0)).toBe(all)
    expect(parts.reduce((sum, one) => sum + one, 0)).toBe(after)
    expect(parts[1]).toBeGreaterThan(0)
  } finally {
    for (const file of files.values()) file.close()
  }
}

describe('the handbook', () => {
  it.each(commandsIn(document))('may say: npx gogga %s', async (words) => {
    expect(await faultsOf(words)).toEqual([])
  })

  it('names scripts that are there', () => {
    const { scripts } = json<{ scripts: Record<string, string> }>(ROOT, 'package.json')
    for (const [, name = ''] of document.matchAll(/npm (?:run )?([a-z][\w-]*)/g)) expect(scripts).toHaveProperty(name)
    const paths = [...document.matchAll(/scripts\/[\w/]+\.\w+/g)].map(([path]) => path)
    expect(paths.length).toBeGreaterThan(1)
    for (const path of paths) expect(existsSync(join(ROOT, path)), path).toBe(true)
  })

  it('links to what is there', () => {
    expect(brokenLinks(document, join(ROOT, 'docs'))).toEqual([])
  })

  it('says what to do at each alarm, and at no other', () => {
    const { groups } = parse(readFileSync(join(ROOT, 'deploy/prometheus/alerts.yml'), 'utf8')) as {
      groups: { rules: { alert: string }[] }[]
    }
    const alarms = groups.flatMap(({ rules }) => rules.map(({ alert }) => alert))
    expect([...document.matchAll(/\bGogga[A-Z]\w+/g)].map(([name]) => name).sort()).toEqual(alarms.sort())
  })
})
