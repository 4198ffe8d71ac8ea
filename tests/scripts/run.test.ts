import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fakeNpm, linesOf, MACHINE_NODE, type Project, projectWithFakeTools } from './project.ts'

const RUN = ['scripts/run.mjs', 'entry.ts']

function projectWithEntry(entry: string): Project {
  const project = projectWithFakeTools()
  project.write('package.json', '{ "type": "module" }')
  project.write('entry.ts', entry)
  return project
}

describe('scripts/run.mjs', () => {
  it('sets up, runs TypeScript under Node 24 with the tools first, and keeps stdout for the entry', async () => {
    using project = projectWithEntry(
      'const seen: object = { args: process.argv.slice(2), node: process.versions.node, path: process.env.PATH }\nconsole.log(JSON.stringify(seen))',
    )
    const { code, stdout } = await project.node([...RUN, 'join', '--json'], fakeNpm(project))
    const { args, node, path } = JSON.parse(stdout)
    expect(code).toBe(0)
    expect(args).toEqual(['join', '--json'])
    expect(Number.parseInt(node, 10)).toBeGreaterThanOrEqual(24)
    expect(path.split(':')[0]).toBe(join(project.root, 'node_modules/.bin'))
  })

  it("ends with the entry's exit code", async () => {
    using project = projectWithEntry('process.exitCode = 7')
    expect(await project.node(RUN, fakeNpm(project))).toMatchObject({ code: 7, signal: null })
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('passes %s on and waits for the entry to finish its work', async (signal) => {
    using project = projectWithEntry(
      `process.on('${signal}', () => { console.log('closing'); clearInterval(timer); process.exitCode = 5 })\nconst timer = setInterval(() => {}, 1000)\nconsole.log('ready')`,
    )
    const running = project.start(MACHINE_NODE, RUN, fakeNpm(project))
    await running.until((stdout) => stdout.includes('ready'))
    running.child.kill(signal)
    const { code, stdout } = await running.ended
    expect({ code, lines: linesOf(stdout) }).toEqual({ code: 5, lines: ['ready', 'closing'] })
  })

  it('ends by the signal that ended the entry', async () => {
    using project = projectWithEntry("process.kill(process.pid, 'SIGTERM')\nsetInterval(() => {}, 1000)")
    expect(await project.node(RUN, fakeNpm(project))).toMatchObject({ code: null, signal: 'SIGTERM' })
  })

  it('says how it is used without an entry', async () => {
    using project = projectWithFakeTools()
    const { code, stderr } = await project.node(['scripts/run.mjs'])
    expect(code).toBe(2)
    expect(stderr).toMatch(/^Usage: node scripts\/run\.mjs ENTRY\.ts/)
  })
})
