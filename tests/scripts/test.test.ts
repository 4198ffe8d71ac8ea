import { describe, expect, it } from 'vitest'
import { linesOf, type Project, projectWithTools } from './project.ts'

const PASSES = `import { expect, it } from 'vitest'

it('passes', () => {
  expect(1).toBe(1)
})
`

/** Both streams as a terminal shows them, so that "the last line" is the one a reader sees. */
async function runInShell(project: Project, command: string) {
  const { code, stdout } = await project.start('/bin/sh', ['-c', `${command} 2>&1`]).ended
  return { code, output: stdout, lastLine: linesOf(stdout).at(-1) }
}

describe('npm test', () => {
  it('checks, runs the tests and ends with their count', async () => {
    using project = projectWithTools()
    project.write('tests/a.test.ts', PASSES)
    const { code, output, lastLine } = await runInShell(project, './.ci/run')
    expect({ code, lastLine }, output).toEqual({ code: 0, lastLine: '1 passed, 0 failed' })
    expect(output).toContain('✔ Format and lint (biome)')
    expect(output).toContain('✔ Types (tsc)')
  })

  it('counts failed tests, files that do not load and failed checks', async () => {
    using project = projectWithTools()
    project.write('tests/a.test.ts', PASSES)
    project.write('tests/b.test.ts', PASSES.replace('toBe(1)', 'toBe(2)'))
    project.write('tests/c.test.ts', "throw new Error('does not load')\n")
    project.write('src/badly-formatted.ts', 'export const a = "1";')
    project.write('src/badly-typed.ts', "export const a: number = '1'\n")
    const { code, output, lastLine } = await runInShell(project, './.ci/run')
    expect({ code, lastLine }, output).toEqual({ code: 1, lastLine: '1 passed, 4 failed' })
    expect(output).toContain('npx biome check --write .')
    expect(output).toContain('src/badly-typed.ts(1,14): error TS2322')
  })

  it('runs what its arguments name', async () => {
    using project = projectWithTools()
    project.write('tests/a.test.ts', PASSES)
    project.write('tests/b.test.ts', PASSES.replace('toBe(1)', 'toBe(2)'))
    const { code, output, lastLine } = await runInShell(project, 'npm test -- tests/a')
    expect({ code, lastLine }, output).toEqual({ code: 0, lastLine: '1 passed, 0 failed' })
  })

  it('fails when no test ran', async () => {
    using project = projectWithTools()
    project.write('tests/a.test.ts', PASSES)
    const { code, output, lastLine } = await runInShell(project, 'npm test -- tests/nothing')
    expect({ code, lastLine }, output).toEqual({ code: 1, lastLine: '0 passed, 1 failed' })
  })
})
