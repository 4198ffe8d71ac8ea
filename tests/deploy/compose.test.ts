// What docker-compose.yml, the Dockerfile and deploy/ promise, since no engine is at hand to show it.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { VERBS } from '../../src/commands/gogga.ts'
import { readSigningKey } from '../../src/compliance/signing.ts'
import { ENVIRONMENT_NAMES, examineEnvironment } from '../../src/config.ts'
import { DOMAINS } from '../../src/database/domains.ts'
import { readKey } from '../../src/ops/backup/keys.ts'
import { readPolicies } from '../../src/ops/backup/policy.ts'
import { withFolder } from '../helpers/databases.ts'
import { faultsOf } from '../helpers/document.ts'

interface Volume {
  readonly type: 'volume' | 'bind'
  readonly source: string
  readonly target: string
  readonly read_only?: boolean
}
interface Service {
  readonly image: string
  readonly user?: string
  readonly read_only?: boolean
  readonly tmpfs?: readonly string[]
  readonly cap_drop?: readonly string[]
  readonly cap_add?: readonly string[]
  readonly privileged?: boolean
  readonly security_opt?: readonly string[]
  readonly profiles?: readonly string[]
  readonly command?: readonly string[]
  readonly network_mode?: string
  readonly ports?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly secrets?: readonly string[]
  readonly volumes?: readonly Volume[]
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean }
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
  readonly secrets: Readonly<Record<string, { readonly file: string }>>
}

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const compose = parse(read('docker-compose.yml'), { merge: true }) as Compose
const services = Object.entries(compose.services)
const ours = services.filter(([, { image }]) => image.startsWith('gogga-data:'))

/** What each job needs to see, and whether it writes there. Nothing else may be mounted. */
const JOBS: Readonly<Record<string, Readonly<Record<string, 'read' | 'write'>>>> = {
  migrate: { identity: 'write', billing: 'write', admin: 'write' },
  api: {
    ...{ identity: 'write', billing: 'write', admin: 'write', mail: 'write' },
    ...{ 'identity-backups': 'read', 'billing-backups': 'read', 'admin-backups': 'read' },
    './deploy/backup-policy.json': 'read',
  },
  'billing-backup': { billing: 'read', 'billing-backups': 'write', './deploy/backup-policy.json': 'read' },
  backup: {
    ...{ identity: 'read', admin: 'read', 'identity-backups': 'write', 'admin-backups': 'write' },
    './deploy/backup-policy.json': 'read',
  },
  // A restore point begins with a mark in each file.
  'restore-point': {
    ...{ identity: 'write', billing: 'write', admin: 'write' },
    ...{ 'identity-backups': 'write', 'billing-backups': 'write', 'admin-backups': 'write' },
    './deploy/backup-policy.json': 'read',
  },
  litestream: { billing: 'write', 'billing-replica': 'write', './deploy/litestream.yml': 'read' },
  prometheus: { prometheus: 'write', './deploy/prometheus': 'read' },
  grafana: {
    grafana: 'write',
    './deploy/grafana/provisioning': 'read',
    './deploy/grafana/dashboards': 'read',
  },
}

const SECRETS: Readonly<Record<string, readonly string[]>> = {
  // Whoever has the key that signs can say what the logs never said: nobody but the server, which writes them, has it.
  api: ['payfast-merchant-key', 'payfast-passphrase', 'signing-key', 'smtp-url'],
  'billing-backup': ['backup-key-billing'],
  backup: ['backup-key-admin', 'backup-key-identity'],
  'restore-point': ['backup-key-admin', 'backup-key-billing', 'backup-key-identity'],
  grafana: ['grafana-password'],
}

/** They do one thing and end. */
const ENDING = ['migrate', 'restore-point']

test('every service has a job, and what is not needed everywhere is optional', () => {
  expect(Object.keys(compose.services).sort()).toEqual(Object.keys(JOBS).sort())
  const optional = services.flatMap(([name, { profiles }]) => (profiles ? [[name, profiles]] : []))
  expect(optional).toEqual(['restore-point', 'litestream', 'prometheus', 'grafana'].map((name) => [name, [name]]))
})

describe.each(services)('%s', (name, service) => {
  const mounts = service.volumes ?? []

  test('mounts exactly the folders that its job needs, and writes only where it must', () => {
    const found = mounts.map(({ source, read_only }) => [source, read_only ? 'read' : 'write'])
    expect(Object.fromEntries(found)).toEqual(JOBS[name])
    expect(new Set(mounts.map(({ target }) => target)).size).toBe(mounts.length)
  })

  test('what it mounts is there: volumes by name, files in the repository', () => {
    for (const { type, source } of mounts) {
      if (type === 'volume') expect(compose.volumes, source).toHaveProperty([source])
      else expect(existsSync(join(ROOT, source)), source).toBe(true)
    }
  })

  test('a volume of a domain lies where that domain is looked for', () => {
    for (const { source, target } of mounts.filter(({ source }) => (DOMAINS as readonly string[]).includes(source)))
      expect(target).toBe(`/data/${source}`)
  })

  test('runs as a user that is not root, on a root that is read-only, without any privilege', () => {
    const [uid, gid] = (service.user ?? '0:0').split(':').map(Number)
    expect(uid).toBeGreaterThan(0)
    expect(gid).toBeGreaterThan(0)
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] })
    expect(service.tmpfs?.some((entry) => entry.startsWith('/tmp'))).toBe(true)
    expect([service.privileged, service.cap_add]).toEqual([undefined, undefined])
    expect(JSON.stringify(service)).not.toContain('docker.sock')
  })

  test('its image is pinned to a version', () => {
    expect(service.image).toMatch(/^[a-z/-]+:v?\d+\.\d+\.\d+$/)
  })

  test('has a health check, unless it ends by itself', () => {
    if (ENDING.includes(name)) expect(service.healthcheck).toEqual({ disable: true })
    else expect(service.healthcheck?.test?.[0]).toBe('CMD')
  })

  test('gets its secrets as files, and only those of its job', () => {
    expect([...(service.secrets ?? [])].sort()).toEqual([...(SECRETS[name] ?? [])])
    for (const secret of service.secrets ?? []) expect(compose.secrets, secret).toHaveProperty([secret])
    for (const [variable, value] of Object.entries(service.environment ?? {})) {
      if (/KEY|SECRET|PASS|TOKEN|SMTP_URL/.test(variable)) expect(variable, 'a secret in a value').toMatch(/_FILE$/)
      if (!variable.endsWith('_FILE') || value.startsWith('/etc/')) continue
      expect(service.secrets).toContain(value.replace('/run/secrets/', ''))
    }
  })

  test('publishes ports on this machine alone', () => {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/)
  })
})

describe.each(ours)('%s, a process of ours', (name, service) => {
  test('its commands exist', () => {
    const checked = service.healthcheck?.test ?? []
    const inCheck = checked[2] === 'scripts/gogga.ts' ? [checked.slice(3)] : []
    for (const [first = '', second = ''] of [service.command ?? [], ...inCheck])
      expect(VERBS.includes(first) || VERBS.includes(`${first} ${second}`), `${name}: ${first} ${second}`).toBe(true)
  })

  test('its variables exist', () => {
    for (const variable of Object.keys(service.environment ?? {})) expect(ENVIRONMENT_NAMES).toContain(variable)
  })

  test('what makes backups talks to nobody, and backs up what it sees and nothing else', () => {
    if (service.command?.[0] !== 'backup') return
    expect(service.network_mode).toBe('none')
    const domains = service.command.includes('--set') ? DOMAINS : service.command.slice(1, -1)
    expect(service.command.at(-1)).toBe(domains === DOMAINS ? '--set' : '--schedule')
    const seen = (service.volumes ?? []).map(({ source }) => source).filter((source) => isDomain(source))
    expect([...seen].sort()).toEqual([...domains].sort())
    const policies = readPolicies({ file: join(ROOT, 'deploy/backup-policy.json'), dataDir: '/data' })
    for (const domain of DOMAINS.filter((candidate) => domains.includes(candidate))) {
      const { target, keyFile } = policies[domain]
      const own = service.volumes?.find(({ source }) => source === `${domain}-backups`)
      expect(target).toEqual({ kind: 'folder', path: own?.target })
      expect(service.secrets).toContain(keyFile?.replace('/run/secrets/', ''))
    }
  })
})

const isDomain = (name: string) => (DOMAINS as readonly string[]).includes(name)

test('every file is backed up on schedule by exactly one service, and billing by one of its own', () => {
  const backedUp = ours.flatMap(([, { command = [] }]) =>
    command.at(-1) === '--schedule' ? [command.slice(1, -1)] : [],
  )
  expect(backedUp.flat().sort()).toEqual([...DOMAINS].sort())
  expect(backedUp).toContainEqual(['billing'])
})

test('who sees more than one of the things that are kept apart is not up by itself, save who serves or makes the files', () => {
  const sees = services.filter(([, { volumes = [] }]) =>
    DOMAINS.every((domain) => volumes.some((v) => v.source === domain)),
  )
  expect(sees.filter(([, { profiles }]) => !profiles).map(([name]) => name)).toEqual(['migrate', 'api'])
  const opens = services.filter(
    ([, { secrets = [] }]) => secrets.includes('backup-key-identity') && secrets.includes('backup-key-billing'),
  )
  expect(opens.map(([name]) => name)).toEqual(['restore-point'])
  expect(compose.services.api?.secrets?.filter((name) => name.startsWith('backup-key'))).toEqual([])
})

test('every variable and every secret that is a file is read by somebody', () => {
  const used = new Set(services.flatMap(([, { secrets = [] }]) => secrets))
  expect([...used].sort()).toEqual(Object.keys(compose.secrets).sort())
  const mounted = new Set(services.flatMap(([, { volumes = [] }]) => volumes.map(({ source }) => source)))
  for (const volume of Object.keys(compose.volumes)) expect([...mounted]).toContain(volume)
  for (const [, { environment = {}, secrets = [] }] of ours) {
    const named = Object.values(environment).filter((value) => value.startsWith('/run/secrets/'))
    const keys = secrets.filter((name) => !name.startsWith('backup-key-'))
    expect(named.map((value) => value.replace('/run/secrets/', '')).sort()).toEqual([...keys].sort())
  }
})

test('secrets are files that git ignores', () => {
  for (const { file } of Object.values(compose.secrets)) expect(file).toMatch(/^\.\/deploy\/secrets\//)
  expect(read('.gitignore').split('\n')).toContain('deploy/secrets/')
  const guide = read('deploy/README.md')
  for (const name of Object.keys(compose.secrets))
    expect(guide).toContain(name.replace(/-(identity|billing|admin)$/, ''))
})

test('the commands of the guide make keys that the program takes, and audits that it knows', async () => {
  const guide = read('deploy/README.md')
  const [, made = ''] = /```\n(mkdir -p deploy\/secrets[\s\S]*?)```/.exec(guide) ?? []
  await withFolder(async (dir) => {
    execFileSync('bash', ['-euc', made], { cwd: dir, stdio: 'ignore' })
    const secrets = join(dir, 'deploy/secrets')
    expect(readdirSync(secrets).sort()).toEqual(Object.keys(compose.secrets).sort())
    for (const domain of DOMAINS) expect(readKey(join(secrets, `backup-key-${domain}`)).bytes).toHaveLength(32)
    expect(readSigningKey(join(secrets, 'signing-key')).publicPem).toContain('PUBLIC KEY')
    // As a server reads its environment: what may be empty is off, and nothing is wrong with the rest.
    const variables = Object.entries(compose.services.api?.environment ?? {})
      .filter(([, value]) => value.startsWith('/run/secrets/'))
      .map(([name, value]) => [name, value.replace('/run/secrets', secrets)])
    const { config, problems } = examineEnvironment(Object.fromEntries(variables), dir)
    expect(problems).toEqual([])
    expect(config).toMatchObject({ signingKeyFile: join(secrets, 'signing-key'), payfast: undefined })
  })
  const words = [
    ...guide.matchAll(
      /(?:run --rm[^\n]* (?:api|restore-point)|scripts\/gogga\.ts) ((?:audit|check|restore|migrate)[^\n`>]*)/g,
    ),
  ]
  expect(words.length).toBeGreaterThan(5)
  for (const [, command = ''] of words) expect(await faultsOf(command.trim()), command).toEqual([])
})

test('the configuration of Litestream is for billing.db, in places that are mounted', () => {
  const { dbs } = parse(read('deploy/litestream.yml'))
  expect(dbs).toHaveLength(1)
  const targets = (compose.services.litestream?.volumes ?? []).map(({ target }) => target)
  expect(targets).toContain(dbs[0].path.replace('/billing.db', ''))
  expect(targets).toContain(dbs[0].replicas[0].path.replace('/billing', ''))
})
