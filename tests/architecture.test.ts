import { globSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findViolations, type Sources } from './architecture.ts'

const ROOT = join(import.meta.dirname, '..')

function readSources(): Sources {
  const paths = globSync('src/**/*.ts', { cwd: ROOT, exclude: ['src/generated/**'] }).map((path) =>
    path.split(sep).join('/'),
  )
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(ROOT, path), 'utf8')]))
}

describe('the files of src/', () => {
  it('keep every rule', () => {
    const sources = readSources()
    expect(Object.keys(sources)).toContain('src/config.ts')
    expect(findViolations(sources).map(({ path, rule, message }) => `${path}: ${rule}: ${message}`)).toEqual([])
  })
})

const rulesOf = (sources: Sources) => findViolations(sources).map(({ path, rule }) => `${path}: ${rule}`)

describe('a planted violation is found', () => {
  const cases: { name: string; sources: Sources; found: string[] }[] = [
    {
      name: 'import of a higher rank',
      sources: { 'src/database/a.ts': "import { b } from '../join/b.ts'" },
      found: ['src/database/a.ts: rank'],
    },
    {
      name: 'import type of a higher rank',
      sources: { 'src/pii/a.ts': "import type { B } from '../http/b.ts'" },
      found: ['src/pii/a.ts: rank'],
    },
    {
      name: 'dynamic import of a higher rank',
      sources: { 'src/pii/a.ts': "export const load = () => import('../http/b.ts')" },
      found: ['src/pii/a.ts: rank'],
    },
    {
      name: 'export * from a higher rank',
      sources: { 'src/saga/a.ts': "export * from '../ops/b.ts'" },
      found: ['src/saga/a.ts: rank'],
    },
    {
      name: 'export type from a higher rank',
      sources: { 'src/saga/a.ts': "export type { B } from '../context.ts'" },
      found: ['src/saga/a.ts: rank'],
    },
    {
      name: 'import() of a type from a higher rank',
      sources: { 'src/saga/a.ts': "export type B = import('../context.ts').B" },
      found: ['src/saga/a.ts: rank'],
    },
    {
      name: 'worker of a higher rank',
      sources: { 'src/join/a.ts': "export const url = new URL('../ops/worker.ts', import.meta.url)" },
      found: ['src/join/a.ts: rank'],
    },
    {
      name: 'identity imports billing, its own rank',
      sources: { 'src/identity/a.ts': "import { b } from '../billing/b.ts'" },
      found: ['src/identity/a.ts: rank'],
    },
    {
      name: 'billing imports admin, from a folder further down',
      sources: { 'src/billing/deep/a.ts': "import { b } from '../../admin/b.ts'" },
      found: ['src/billing/deep/a.ts: rank'],
    },
    {
      name: 'errors imports the context, which lies beside it',
      sources: { 'src/errors.ts': "import { b } from './context.ts'" },
      found: ['src/errors.ts: rank'],
    },
    { name: 'folder without a rank', sources: { 'src/utils/a.ts': '' }, found: ['src/utils/a.ts: rank'] },
    {
      name: 'import from outside src/',
      sources: { 'src/http/a.ts': "import { b } from '../../scripts/b.ts'" },
      found: ['src/http/a.ts: rank'],
    },
    {
      name: 'dynamic import of a variable',
      sources: { 'src/http/a.ts': 'export const load = (name: string) => import(name)' },
      found: ['src/http/a.ts: import'],
    },
    {
      name: 'process.env',
      sources: { 'src/ops/a.ts': 'export const home = process.env.HOME' },
      found: ['src/ops/a.ts: environment'],
    },
    {
      name: "process['env']",
      sources: { 'src/ops/a.ts': "export const env = globalThis.process['env']" },
      found: ['src/ops/a.ts: environment'],
    },
    {
      name: 'env taken out of process',
      sources: { 'src/ops/a.ts': 'const { env } = process\nexport const home = env.HOME' },
      found: ['src/ops/a.ts: environment'],
    },
    {
      name: 'env imported from node:process',
      sources: { 'src/ops/a.ts': "import { env } from 'node:process'\nexport const home = env.HOME" },
      found: ['src/ops/a.ts: environment'],
    },
    {
      name: 'default export',
      sources: { 'src/ops/a.ts': 'export default 1' },
      found: ['src/ops/a.ts: default export'],
    },
    {
      name: 'default export by renaming',
      sources: { 'src/ops/a.ts': 'const a = 1\nexport { a as default }' },
      found: ['src/ops/a.ts: default export'],
    },
    {
      name: 'circle of two files',
      sources: { 'src/ops/a.ts': "import { b } from './b.ts'", 'src/ops/b.ts': "import type { A } from './a.ts'" },
      found: ['src/ops/a.ts: cycle'],
    },
    {
      name: 'circle of three files that starts further in',
      sources: {
        'src/ops/a.ts': "import { b } from './b.ts'",
        'src/ops/b.ts': "import { c } from './c.ts'",
        'src/ops/c.ts': "export * from './d.ts'",
        'src/ops/d.ts': "import { b } from './b.ts'",
      },
      found: ['src/ops/b.ts: cycle'],
    },
    { name: 'file in camelCase', sources: { 'src/ops/backUp.ts': '' }, found: ['src/ops/backUp.ts: name'] },
    { name: 'folder in snake_case', sources: { 'src/ops/back_up/a.ts': '' }, found: ['src/ops/back_up/a.ts: name'] },
    {
      name: '301 lines',
      sources: { 'src/ops/a.ts': 'export {}\n'.repeat(301) },
      found: ['src/ops/a.ts: length'],
    },
    { name: 'broken syntax', sources: { 'src/ops/a.ts': 'export const = 1' }, found: ['src/ops/a.ts: syntax'] },
  ]
  it.each(cases)('$name', ({ sources, found }) => {
    expect(rulesOf(sources)).toEqual(found)
  })
})

describe('what is allowed is not reported', () => {
  const cases: { name: string; sources: Sources }[] = [
    { name: 'lower rank', sources: { 'src/join/a.ts': "import { b } from '../database/b.ts'" } },
    { name: 'own folder', sources: { 'src/billing/a.ts': "import { b } from './deep/b.ts'" } },
    { name: 'generated, as a type', sources: { 'src/pii/a.ts': "import type { A } from '../generated/catalog.ts'" } },
    { name: 'config and errors', sources: { 'src/config.ts': "import { b } from './errors.ts'" } },
    { name: 'a command starts the server', sources: { 'src/commands/start.ts': "import { b } from '../main.ts'" } },
    { name: 'packages', sources: { 'src/pii/a.ts': "import { z } from 'zod'\nimport { join } from 'node:path'" } },
    { name: 'the manifest', sources: { 'src/http/a.ts': "import m from '../../package.json' with { type: 'json' }" } },
    { name: 'process.env in config.ts', sources: { 'src/config.ts': 'export const env = process.env' } },
    { name: 'an env of something else', sources: { 'src/ops/a.ts': 'export const f = (x: { env: 1 }) => x.env' } },
    { name: '300 lines', sources: { 'src/ops/a.ts': 'export {}\n'.repeat(300) } },
    {
      name: 'two ways to one file',
      sources: {
        'src/ops/a.ts': "import { b } from './b.ts'\nimport { c } from './c.ts'",
        'src/ops/b.ts': "import { c } from './c.ts'",
        'src/ops/c.ts': 'export const c = 1',
      },
    },
    {
      name: 'an import in a comment or a string',
      sources: { 'src/pii/a.ts': "// import '../http/a.ts'\nexport const a = `import '../http/a.ts'`" },
    },
  ]
  it.each(cases)('$name', ({ sources }) => {
    expect(rulesOf(sources)).toEqual([])
  })
})
