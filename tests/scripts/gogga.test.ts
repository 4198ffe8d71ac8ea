import { describe, expect, it } from 'vitest'
import { linesOf, MACHINE_NODE, MACHINE_NODE_MAJOR, Project } from './project.ts'

const GATE = 'scripts/gogga.ts'

/** The gate in a project that looks set up, with a `main` of the test. */
function projectWithMain(main: string): Project {
  const project = new Project()
  project.copy(GATE, 'scripts/package.json', 'src/commands/watch-output.ts')
  project.write('package.json', '{ "type": "module" }')
  project.write('node_modules/.package-lock.json', '{}')
  project.write('src/generated/catalog.ts', '')
  project.write('src/commands/gogga.ts', main)
  return project
}

const RETURNS_3 = 'export function main(argv: string[]): number { console.log(argv.join(" ")); return 3 }'
const STACK = /^\s+at |node:internal|Error:/m

describe('scripts/gogga.ts', () => {
  it('hands the arguments to main and ends with its exit code', async () => {
    using project = projectWithMain(RETURNS_3)
    const ended = await project.start(process.execPath, [GATE, 'split', '--json']).ended
    expect(ended).toMatchObject({ code: 3, stdout: 'split --json\n', stderr: '' })
  })

  // Any Node can be told that it were an old one; a really old one is tried too where the machine has it.
  const preload = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.1.0' } })"
  const oldNodes = [
    {
      name: 'a Node that calls itself 22.1.0',
      node: process.execPath,
      args: ['--require', './old.cjs'],
      version: '22.1.0',
    },
    ...(MACHINE_NODE_MAJOR < 24
      ? [{ name: "the machine's own Node", node: MACHINE_NODE, args: [], version: `${MACHINE_NODE_MAJOR}.` }]
      : []),
  ]
  it.each(oldNodes)('says in one sentence what to do under $name', async ({ node, args, version }) => {
    using project = projectWithMain(RETURNS_3)
    project.write('old.cjs', preload)
    const { code, stdout, stderr } = await project.start(node, [...args, GATE, 'split']).ended
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(linesOf(stderr)).toHaveLength(1)
    expect(stderr).toContain(`gogga needs Node 24 or newer, this is Node ${version}`)
    expect(stderr).toContain('npx gogga')
  })

  const incomplete: { name: string; remove: string; says: string }[] = [
    { name: 'the packages', remove: 'node_modules/.package-lock.json', says: 'the packages are not installed' },
    { name: 'the clients', remove: 'src/generated/catalog.ts', says: 'the clients are not generated' },
  ]
  it.each(incomplete)('says in one sentence what to do without $name', async ({ remove, says }) => {
    using project = projectWithMain(RETURNS_3)
    project.remove(remove)
    const { code, stderr } = await project.node([GATE])
    expect(code).toBe(2)
    expect(linesOf(stderr)).toHaveLength(1)
    expect(stderr).toContain(says)
    expect(stderr).toContain('npm run setup')
  })

  const broken: { name: string; main: string; says: string }[] = [
    { name: 'a package is missing', main: "import 'no-such-package'", says: "Cannot find package 'no-such-package'" },
    { name: 'the source does not parse', main: 'export const = 1', says: 'src/commands/gogga.ts' },
    {
      name: 'loading throws',
      main: "throw new Error('broken\\nin two lines')",
      says: 'broken (src/commands/gogga.ts:1:7)',
    },
    { name: 'main fails', main: "export const main = () => Promise.reject(new Error('lost'))", says: 'lost (src/' },
    { name: 'something odd is thrown', main: 'throw undefined', says: 'undefined' },
  ]
  it.each(broken)('prints one line and no stack when $name', async ({ main, says }) => {
    using project = projectWithMain(main)
    const { code, stderr } = await project.start(process.execPath, [GATE]).ended
    expect(code).toBe(1)
    expect(linesOf(stderr)).toHaveLength(1)
    expect(stderr).toContain(says)
    expect(stderr).not.toMatch(STACK)
  })
})
