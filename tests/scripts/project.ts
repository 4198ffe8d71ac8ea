// Small projects in temporary folders for the scripts around the project, and the machine's own Node to run them with.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { hashOfSchemas } from '../../scripts/setup.mjs'

export const REPOSITORY = join(import.meta.dirname, '../..')

/** The Node that the machine has outside of every node_modules; on a machine without one, the one that runs this. */
export const MACHINE_NODE = findMachineNode() ?? process.execPath
export const MACHINE_NODE_MAJOR = majorOf(MACHINE_NODE)
/** What a shell has that knows nothing of the project. */
export const MACHINE_PATH = [dirname(MACHINE_NODE), '/usr/bin', '/bin'].join(delimiter)

function findMachineNode(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'))
  const nodes = folders.map((folder) => join(folder, 'node')).filter((path) => existsSync(path))
  return nodes.find((path) => !realpathSync(path).includes('node_modules'))
}

function majorOf(node: string): number {
  return Number.parseInt(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.slice(1), 10)
}

export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface Running {
  child: ChildProcess
  /** Waits until the condition holds; fails with what the process printed when it ends before. */
  until: (condition: (stdout: string) => boolean) => Promise<void>
  ended: Promise<Ended>
}

export class Project {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'gogga-project-')))

  write(path: string, text: string): string {
    const absolute = join(this.root, path)
    mkdirSync(dirname(absolute), { recursive: true })
    writeFileSync(absolute, text)
    return absolute
  }

  copy(...paths: string[]): void {
    for (const path of paths) cpSync(join(REPOSITORY, path), join(this.root, path), { recursive: true })
  }

  remove(path: string): void {
    rmSync(join(this.root, path), { recursive: true })
  }

  read(path: string): string {
    return existsSync(join(this.root, path)) ? readFileSync(join(this.root, path), 'utf8') : ''
  }

  start(command: string, args: string[], env: Record<string, string> = {}): Running {
    const child = spawn(command, args, {
      cwd: this.root,
      env: { PATH: MACHINE_PATH, HOME: this.root, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    const ended = new Promise<Ended>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
    })
    const waitUntil = async (condition: (stdout: string) => boolean) => {
      while (!condition(stdout)) {
        if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${stdout}${stderr}`)
        await pause(20)
      }
    }
    return { child, until: waitUntil, ended }
  }

  /** Runs a script under the machine's own Node. */
  node(args: string[], env?: Record<string, string>): Promise<Ended> {
    return this.start(MACHINE_NODE, args, env).ended
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(20)
}

export function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}

/** A project with the real tools, `node_modules` being a folder of links, and nothing of src/ but what a test adds. */
export function projectWithTools(): Project {
  const project = new Project()
  project.copy(
    'package.json',
    'package-lock.json',
    'biome.json',
    'tsconfig.json',
    'vitest.config.ts',
    '.gitignore',
    '.npmrc',
    '.ci',
  )
  copyScripts(project)
  project.write('tests/helpers/template.ts', 'export const setup = () => undefined\n') // It has no files to migrate.
  mkdirSync(join(project.root, 'node_modules'))
  for (const name of readdirSync(join(REPOSITORY, 'node_modules'))) {
    symlinkSync(join(REPOSITORY, 'node_modules', name), join(project.root, 'node_modules', name))
  }
  for (const output of ['catalog.ts', 'identity/client.ts', 'billing/client.ts', 'admin/client.ts']) {
    project.write(`src/generated/${output}`, 'export {}\n')
  }
  project.write('prisma/identity.prisma', '')
  project.write('src/generated/.stamp', hashOfSchemas(project.root))
  return project
}

/**
 * A project whose npm and prisma are stand-ins that write what the real ones leave, and a line to `log` for each run.
 * FAKE_NPM=hang|fail makes npm wait for ever or fail.
 */
export function projectWithFakeTools(): Project {
  const project = new Project()
  copyScripts(project)
  const packages = {
    '': { dependencies: { tool: '1' }, devDependencies: { helper: '1' } },
    'node_modules/tool': { version: '1.0.0', integrity: 'a', bin: { tool: 'tool.js' } },
    'node_modules/helper': { version: '1.0.0', integrity: 'b', dev: true },
    'node_modules/elsewhere': { version: '1.0.0', integrity: 'c', optional: true, os: ['plan9'], cpu: ['mips'] },
  }
  project.write('package-lock.json', JSON.stringify({ packages }))
  project.write('prisma/identity.prisma', '// one')
  project.write('npm/package.json', '{ "type": "commonjs" }')
  project.write('npm/npm-cli.js', FAKE_NPM.replace('EXEC_PATH', JSON.stringify(process.execPath)))
  return project
}

export function fakeNpm(project: Project, mode = ''): Record<string, string> {
  return { npm_execpath: join(project.root, 'npm/npm-cli.js'), FAKE_NPM: mode }
}

function copyScripts(project: Project): void {
  project.copy('scripts/package.json', ...globSync('scripts/*.{mjs,mts}', { cwd: REPOSITORY }))
}

const FAKE_NPM = `
const { appendFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } = require('node:fs')
appendFileSync('log', 'npm ' + process.argv[2] + ' ' + process.pid + '\\n')
console.log('npm warn EBADENGINE Unsupported engine')
if (process.env.FAKE_NPM === 'fail') {
  console.error('npm error the registry said no')
  process.exit(1)
}
if (process.env.FAKE_NPM === 'hang') setInterval(() => {}, 1000)
else install()

function install() {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  delete packages['']
  delete packages['node_modules/elsewhere']
  for (const path of Object.keys(packages)) {
    mkdirSync(path, { recursive: true })
    writeFileSync(path + '/package.json', '{}')
  }
  mkdirSync('node_modules/.bin', { recursive: true })
  writeFileSync('node_modules/.bin/tool', '')
  const prisma = \`#!/usr/bin/env node
    const { appendFileSync, mkdirSync, writeFileSync } = require('node:fs')
    const domain = process.env.GOGGA_DOMAIN
    appendFileSync('log', 'prisma ' + domain + ' ' + process.versions.node + '\\\\n')
    mkdirSync('src/generated/' + domain, { recursive: true })
    writeFileSync('src/generated/' + domain + '/client.ts', '')
    writeFileSync('src/generated/catalog.ts', '')\`
  writeFileSync('node_modules/.bin/prisma', prisma, { mode: 0o755 })
  try {
    symlinkSync(EXEC_PATH, 'node_modules/.bin/node')
  } catch {}
  writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages }))
}
`
