import { existsSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { withLock } from '../../scripts/lock.mjs'
import { generatedState, installState } from '../../scripts/setup.mjs'
import { fakeNpm, linesOf, MACHINE_NODE, Project, projectWithFakeTools, until } from './project.ts'

const SETUP = ['scripts/setup.mjs']

async function readyProject(): Promise<Project> {
  const project = projectWithFakeTools()
  const { code, stderr } = await project.node(SETUP, fakeNpm(project))
  expect({ code, stderr }).toMatchObject({ code: 0 })
  return project
}

const runsIn = (project: Project) => linesOf(project.read('log')).map((line) => line.split(' ').slice(0, 2).join(' '))

describe('setup', () => {
  it('installs and generates under Node 24 in a fresh folder, quietly, and does neither again', async () => {
    using project = projectWithFakeTools()
    const first = await project.node(SETUP, fakeNpm(project))
    expect(first.code).toBe(0)
    expect(first.stderr).toMatch(/Installing the packages \(npm ci\) … \d+\.\d s\n/)
    expect(first.stderr).not.toContain('EBADENGINE')
    const runs = ['npm ci', 'prisma admin', 'prisma billing', 'prisma identity']
    expect(runsIn(project).sort()).toEqual(runs)
    const nodes = linesOf(project.read('log')).filter((line) => line.startsWith('prisma'))
    expect(nodes.every((line) => Number.parseInt(line.split(' ')[2] ?? '', 10) >= 24)).toBe(true)

    const second = await project.node(SETUP, fakeNpm(project))
    expect(second.code).toBe(0)
    expect(second.stderr).not.toContain('npm ci')
    expect(runsIn(project).sort()).toEqual(runs)
  })

  it('runs once when two start at the same time', async () => {
    using project = projectWithFakeTools()
    const both = await Promise.all([project.node(SETUP, fakeNpm(project)), project.node(SETUP, fakeNpm(project))])
    expect(both.map(({ code }) => code)).toEqual([0, 0])
    expect(runsIn(project).sort()).toEqual(['npm ci', 'prisma admin', 'prisma billing', 'prisma identity'])
  })

  it('prints everything npm said, and the next step, when npm fails', async () => {
    using project = projectWithFakeTools()
    const { code, stderr } = await project.node(SETUP, fakeNpm(project, 'fail'))
    expect(code).toBe(1)
    expect(stderr).toContain('npm warn EBADENGINE')
    expect(stderr).toContain('npm error the registry said no')
    expect(linesOf(stderr).at(-1)).toMatch(/^npm ci ended with 1\. .* run the command again\.$/)
    expect((await project.node(SETUP, fakeNpm(project))).code).toBe(0)
  })

  it('ends npm and gives the lock back on SIGTERM', async () => {
    using project = projectWithFakeTools()
    const running = project.start(MACHINE_NODE, SETUP, fakeNpm(project, 'hang'))
    await running.until(() => project.read('log').includes('\n'))
    running.child.kill('SIGTERM')
    expect((await running.ended).code).toBe(143)
    const npm = Number(project.read('log').trim().split(' ')[2])
    await until(() => !isAlive(npm))
    expect(existsSync(join(project.root, '.cache/setup.lock'))).toBe(false)
  })

  it('takes over from a set-up that was killed', async () => {
    using project = projectWithFakeTools()
    const running = project.start(MACHINE_NODE, SETUP, fakeNpm(project, 'hang'))
    await running.until(() => project.read('log').includes('\n'))
    running.child.kill('SIGKILL')
    process.kill(Number(project.read('log').trim().split(' ')[2]), 'SIGKILL')
    await running.ended
    expect(existsSync(join(project.root, '.cache/setup.lock'))).toBe(true)
    expect((await project.node(SETUP, fakeNpm(project))).code).toBe(0)
  })

  it('says in one sentence that Node 24 is needed where the packages brought none', async () => {
    using project = await readyProject()
    project.remove('node_modules/.bin/node')
    const { code, stderr } = await project.node(['--require', oldNode(project), ...SETUP], fakeNpm(project))
    expect(code).toBe(2)
    expect(linesOf(stderr)).toEqual([
      expect.stringMatching(/^gogga-data needs Node 24 or newer, this is Node 20\.20\.2/),
    ])
  })
})

describe('installState', () => {
  const cases: { name: string; change: (project: Project) => void; reason: string }[] = [
    {
      name: 'no node_modules',
      change: (project) => project.remove('node_modules'),
      reason: 'node_modules/.package-lock.json is missing',
    },
    {
      name: 'npm was stopped halfway',
      change: (project) => project.remove('node_modules/.package-lock.json'),
      reason: 'node_modules/.package-lock.json is missing',
    },
    {
      name: 'a package was deleted',
      change: (project) => project.remove('node_modules/helper'),
      reason: 'node_modules/helper/package.json is missing',
    },
    {
      name: 'a tool was deleted',
      change: (project) => project.remove('node_modules/.bin/tool'),
      reason: 'node_modules/.bin/tool is missing',
    },
    {
      name: 'another version in the lock file',
      change: (project) =>
        changeLock(project, (packages) => ({ ...packages, 'node_modules/tool': { version: '2.0.0' } })),
      reason: 'node_modules/tool is not what package-lock.json names',
    },
    {
      name: 'a new package in the lock file',
      change: (project) =>
        changeLock(project, (packages) => ({ ...packages, 'node_modules/new': { version: '1.0.0' } })),
      reason: 'node_modules/new is not what package-lock.json names',
    },
    {
      name: 'node_modules of another machine',
      change: (project) => {
        const record = JSON.parse(project.read('node_modules/.package-lock.json'))
        record.packages['node_modules/elsewhere'] = { version: '1.0.0', os: ['plan9'], cpu: ['mips'] }
        project.write('node_modules/.package-lock.json', JSON.stringify(record))
      },
      reason: 'node_modules/elsewhere is for another machine',
    },
  ]
  it.each(cases)('$name', async ({ change, reason }) => {
    using project = await readyProject()
    expect(installState(project.root)).toEqual({ ready: true, reason: 'installed' })
    change(project)
    expect(installState(project.root)).toEqual({ ready: false, reason })
  })

  it('does without the packages of development when asked to', async () => {
    using project = await readyProject()
    project.remove('node_modules/helper')
    expect(installState(project.root, { dev: false }).ready).toBe(true)
  })
})

describe('generatedState', () => {
  const changed = 'the schemas, their generator or Prisma changed'
  const cases: { name: string; change: (project: Project) => unknown; reason: string }[] = [
    {
      name: 'no client',
      change: (project) => project.remove('src/generated/billing'),
      reason: 'src/generated/billing/client.ts is missing',
    },
    {
      name: 'a schema changed',
      change: (project) => project.write('prisma/identity.prisma', '// two'),
      reason: changed,
    },
    { name: 'a schema was added', change: (project) => project.write('prisma/new.prisma', ''), reason: changed },
    { name: 'the generator changed', change: (project) => project.write('prisma/catalog/x.ts', ''), reason: changed },
    {
      name: "Prisma's version changed",
      change: (project) =>
        changeLock(project, (packages) => ({ ...packages, 'node_modules/prisma': { version: '8' } })),
      reason: changed,
    },
    {
      name: 'the stamp is gone, as after a run that failed',
      change: (project) => project.remove('src/generated/.stamp'),
      reason: changed,
    },
  ]
  it.each(cases)('$name', async ({ change, reason }) => {
    using project = await readyProject()
    expect(generatedState(project.root)).toEqual({ ready: true, reason: 'generated' })
    change(project)
    expect(generatedState(project.root)).toEqual({ ready: false, reason })
  })

  it('does not mind a new migration', async () => {
    using project = await readyProject()
    project.write('prisma/migrations/identity/1/migration.sql', '')
    project.write('prisma/migrations/identity/note.ts', '')
    expect(generatedState(project.root).ready).toBe(true)
  })
})

describe('withLock', () => {
  it('lets one in at a time and leaves nothing behind', async () => {
    using project = new Project()
    const lock = join(project.root, 'deep/lock')
    let inside = 0
    let most = 0
    const work = async () => {
      inside += 1
      most = Math.max(most, inside)
      await new Promise((resolve) => setImmediate(resolve))
      inside -= 1
    }
    await Promise.all(Array.from({ length: 8 }, () => withLock(lock, work, { pollMs: 1 })))
    expect(most).toBe(1)
    expect(existsSync(lock)).toBe(false)
  })

  it('gives the lock back when the work fails', async () => {
    using project = new Project()
    const lock = join(project.root, 'lock')
    await expect(withLock(lock, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(existsSync(lock)).toBe(false)
  })

  const holders: { name: string; holder: { pid: number; host: string }; silentMs: number; isStale: boolean }[] = [
    { name: 'alive and showing it', holder: { pid: process.pid, host: hostname() }, silentMs: 0, isStale: false },
    { name: 'dead', holder: { pid: 2 ** 30, host: hostname() }, silentMs: 0, isStale: true },
    { name: 'on another machine, showing life', holder: { pid: 2 ** 30, host: 'far' }, silentMs: 0, isStale: false },
    { name: 'silent for minutes', holder: { pid: process.pid, host: hostname() }, silentMs: 120_000, isStale: true },
  ]
  it.each(holders)('a holder that is $name: stale is $isStale', async ({ holder, silentMs, isStale }) => {
    using project = new Project()
    const lock = join(project.root, 'lock')
    const file = join(lock, 'other')
    mkdirSync(lock)
    writeFileSync(file, JSON.stringify(holder))
    const lastSign = new Date(Date.now() - silentMs)
    utimesSync(file, lastSign, lastSign)
    let waited = false
    const onWait = () => {
      waited = true
      rmSync(lock, { recursive: true })
    }
    await withLock(lock, () => {}, { onWait, pollMs: 1 })
    expect(waited).toBe(!isStale)
  })
})

function changeLock(project: Project, change: (packages: Record<string, object>) => object): void {
  const { packages } = JSON.parse(project.read('package-lock.json'))
  project.write('package-lock.json', JSON.stringify({ packages: change(packages) }))
}

/** A file to preload that makes any Node believe it were an old one. */
function oldNode(project: Project): string {
  const versions = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })"
  return project.write('old-node.cjs', versions)
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
