// Connections that see too much, files that others may read, processes that hold them, and sources that could attach.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { auditConnections } from '../../../src/compliance/audit/handles/connections.ts'
import { literalsOf } from '../../../src/compliance/audit/handles/literals.ts'
import { auditModes } from '../../../src/compliance/audit/handles/modes.ts'
import { auditProcesses } from '../../../src/compliance/audit/handles/processes.ts'
import { programName } from '../../../src/compliance/audit/handles/program-name.ts'
import { auditSources, OPENERS } from '../../../src/compliance/audit/handles/sources.ts'
import { type OpenFile, openFile } from '../../../src/database/clients.ts'
import { type Databases, withDatabases, withFolder } from '../../helpers/databases.ts'
import { shortly } from './planted.ts'

const OPTIONS = { busyTimeoutMs: 500, cacheMb: 4 }

const withBilling = (work: (file: OpenFile<'billing'>, databases: Databases) => void): Promise<void> =>
  withDatabases(async (databases) => {
    await using file = await openFile('billing', databases.paths.billing, OPTIONS)
    work(file, databases)
  })

it('looks at both connections of each file', () =>
  withBilling((file) => {
    expect(auditConnections([file])).toEqual({ findings: [], looked: { connections: 2 } })
  }))

it('finds a connection that sees two files', () =>
  withBilling((file, { paths }) => {
    file.connections.writer.prepare('attach ? as other').run(paths.identity)
    expect(shortly(auditConnections([file]).findings)).toEqual(['high billing.db handles.two-files'])
  }))

it('finds a table of no dictionary', () =>
  withBilling((file) => {
    file.connections.writer.exec('create table note (text)')
    const found = 'high billing.db note handles.foreign-table'
    expect(shortly(auditConnections([file]).findings)).toEqual([found, found])
  }))

it('finds that another file took the place of the one that is open', () =>
  withBilling((file, { paths }) => {
    renameSync(paths.billing, `${paths.billing}.old`)
    expect(shortly(auditConnections([file]).findings)).toContain('high billing.db handles.replaced')
  }))

it('finds modes by which others read, and the folder', () =>
  withDatabases(({ paths }) => {
    expect(auditModes('admin', paths.admin)).toEqual([])
    const copy = `${paths.admin}.before-restore`
    writeFileSync(copy, '', { mode: 0o600 })
    chmodSync(copy, 0o666)
    expect(shortly(auditModes('admin', paths.admin))).toEqual(['high admin.db.before-restore handles.mode'])
    rmSync(copy)
    chmodSync(paths.admin, 0o644)
    chmodSync(dirname(paths.admin), 0o750)
    expect(shortly(auditModes('admin', paths.admin))).toEqual([
      'medium folder of admin.db handles.mode',
      'high admin.db handles.mode',
    ])
  }))

it('tells which process has which file open, by its number, name and user', () =>
  withBilling((_file, { paths }) => {
    const { findings, looked } = auditProcesses(paths)
    const own = findings.filter(({ message }) => message.includes(`process ${process.pid} `))
    expect(shortly(own, true)).toEqual(['info billing.db handles.process'])
    expect(own[0]?.message).toContain(`process ${process.pid} (node`)
    expect(own[0]?.message).toMatch(/, which makes this audit$/)
    expect(looked.processes).toBeGreaterThan(0)
  }))

it('finds a program that is none of ours', () =>
  withDatabases(async ({ paths }) => {
    const child = spawn('tail', ['-f', '-c', '1', paths.identity], { stdio: ['ignore', 'pipe', 'ignore'] })
    try {
      await once(child.stdout, 'data')
      const { findings } = auditProcesses(paths)
      const found = findings.filter(({ code }) => code === 'handles.stranger')
      expect(shortly(found)).toEqual(['medium identity.db handles.stranger'])
      expect(found[0]?.message).toContain(`process ${child.pid} (tail) of user ${process.getuid?.()}`)
    } finally {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  }))

/** What Linux would tell of one process. */
function proc(root: string, pid: number, words: readonly string[], opened: readonly string[]): void {
  const home = join(root, String(pid))
  mkdirSync(join(home, 'fd'), { recursive: true })
  for (const [at, path] of opened.entries()) symlinkSync(path, join(home, 'fd', String(at + 3)))
  symlinkSync(process.execPath, join(home, 'exe'))
  writeFileSync(join(home, 'comm'), 'MainThread\n')
  writeFileSync(join(home, 'cmdline'), words.join('\0'))
}

it('finds a backup of one file that has two open, and says nothing of one that has its own', () =>
  withDatabases(({ dir, paths }) => {
    const root = join(dir, 'proc')
    proc(root, 41, ['node', 'gogga.ts', 'backup', 'billing', '--schedule'], [paths.billing, paths.identity])
    proc(root, 42, ['node', 'gogga.ts', 'backup', 'admin'], [paths.admin])
    proc(root, 43, ['node', 'gogga.ts', 'backup', '--all'], [paths.admin, paths.billing])
    const { findings, looked } = auditProcesses(paths, { root })
    expect(shortly(findings)).toEqual(['medium identity.db handles.too-many'])
    expect(findings.find(({ code }) => code === 'handles.too-many')?.message).toContain('process 41 (node gogga.ts)')
    expect(looked).toEqual({ processes: 3, holders: 3, unreadable: 0 })
  }))

it.each([
  ['node gogga.ts', ['/opt/node/bin/node', '/app/scripts/gogga.ts', 'subject', 'erase', 'thandi@example.co.za']],
  ['node gogga.ts', ['node', '--max-old-space-size=300', 'scripts/gogga.ts', 'backup']],
  ['node gogga', ['node', 'node_modules/.bin/gogga', 'serve']],
  ['node', ['node', '-e', '/home/thandi']],
  ['node', ['node', '-pe', 'thandi.js']],
  ['node', ['node (vitest 1)']],
  ['node', ['node', 'thandi']],
  ['python3.12 dump.py', ['/usr/bin/python3.12', './dump.py', '--of', 'thandi']],
  ['bash', ['-bash', '-lc', 'cat /home/thandi']],
  ['sqlite3', ['sqlite3', '/data/billing.db', "select 'thandi'"]],
  ['postgres', ['postgres: thandi shop 41.13.2.5']],
  ['MainThread', ['', '']],
  ['MainThread', ['/bin/thandi@example.co.za']],
  ['node', ['node', '/home/x/thandi@example.co.za.js']],
])('calls a process %s and says no word of its arguments', (name, words) => {
  expect(programName(words, 'MainThread')).toBe(name)
})

it('says where a system tells nothing of processes', () =>
  withDatabases(({ dir, paths }) => {
    const { findings } = auditProcesses(paths, { root: join(dir, 'nothing') })
    expect(shortly(findings, true)).toEqual(['info this machine handles.no-processes'])
  }))

it('finds no code path of ours that opens two files on one connection', () => {
  const { findings, looked } = auditSources()
  expect(findings).toEqual([])
  expect(looked.sources).toBeGreaterThan(400)
})

const OPEN = `import Database from 'better-sqlite3'\n`

it.each([
  ['an ATTACH', `c.prepare('attach database ? as other').run(p)`, ['handles.attach']],
  ['an ATTACH in a template', 'c.exec(`attach "${' + 'path}" as other`)', ['handles.attach']],
  ['an ATTACH behind another statement', `c.exec("select 1; ATTACH 'x.db' AS y")`, ['handles.attach']],
  ['an ATTACH in two halves', `c.exec('attach ' + path + ' as y')`, ['handles.attach']],
  ['an ATTACH behind a comment', `c.exec('/* x */ ATTACH DATABASE ? AS x')`, ['handles.attach']],
  ['an ATTACH of single words', `c.exec(['ATTACH', 'DATABASE', p, 'AS b'].join(' '))`, ['handles.attach']],
  ['the driver under a second name', `${OPEN}const X = Database\nX`, ['handles.opener']],
  ['another adapter', `import { PrismaLibSql as P } from '@prisma/adapter-libsql'\nnew P(p)`, ['handles.opener']],
  ['a driver that is required', `import { createRequire } from 'node:module'\ncreateRequire(u)`, ['handles.opener']],
  ['a program that opens files', `spawn('sqlite3', [p])`, ['handles.opener']],
  ['a connection of its own', `${OPEN}const c = new Database(p)`, ['handles.opener']],
  ['the driver under another name', `import Lite from "better-sqlite3"\nnew Lite(p)`, ['handles.opener']],
  ['the driver that Node brings', `import { DatabaseSync as D } from 'node:sqlite'\nnew D(p)`, ['handles.opener']],
  ['the driver when it is needed', `const d = await import('better-sqlite3')`, ['handles.opener']],
  ['an extension', `c.loadExtension(p)`, ['handles.extension']],
  ['the word in a comment', `// attach database 'x' as y\n/* new Database(p) */`, []],
  ['the word in a sentence', `throw new Error('attach the key as a file')`, []],
  ['a type of the driver', `import type Database from 'better-sqlite3'`, []],
  ['a regular expression with a quote', `const r = /['"]/; // attach database 'x' as y`, []],
])('finds %s in a source', (_name, source, codes) =>
  withFolder((dir) => {
    mkdirSync(join(dir, 'join'))
    writeFileSync(join(dir, 'join/planted.ts'), `${source}\n`)
    const { findings } = auditSources(dir)
    expect(findings.map(({ code, place }) => `${code} ${place.file}`)).toEqual(
      codes.map((code) => `${code} src/join/planted.ts`),
    )
  }),
)

it('counts openings where some are allowed, and lists no place that has none', () =>
  withFolder((dir) => {
    const openers = { 'a.ts': { times: 1, why: 'a scratch file' } }
    writeFileSync(join(dir, 'a.ts'), `${OPEN}new Database(p)`)
    expect(auditSources(dir, openers).findings).toEqual([])
    writeFileSync(join(dir, 'a.ts'), `${OPEN}new Database(p); new Database(q)`)
    expect(auditSources(dir, openers).findings[0]?.message).toContain('in 2 place(s), allowed: 1 (a scratch file)')
    const strict = auditSources(undefined, {}).findings.filter(({ code }) => code === 'handles.opener')
    expect(strict.map(({ place }) => place.file).sort()).toEqual(
      Object.keys(OPENERS)
        .map((name) => `src/${name}`)
        .sort(),
    )
  }))

it('tells code from texts, comments and regular expressions', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the source of a program, quoted.
  const source = 'a("x", `y ${b({ c: "z" })} w`) // "n"\nd = e / f / g; h = /"[/]"/.test(i) /* \' */ + "j"'
  const { code, texts } = literalsOf(source)
  expect(texts).toEqual(['x', 'z', 'y ? w', 'j'])
  expect(code.replace(/\s+/g, ' ')).toContain("d = e / f / g; h = ''.test(i) + ''")
})
