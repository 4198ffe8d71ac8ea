// The command as a person runs it: a process of its own, its output and its exit code.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { main, VERBS } from '../../src/commands/gogga.ts'
import { withDatabases, withFolder } from '../helpers/databases.ts'

const GOGGA = join(import.meta.dirname, '../../scripts/gogga.ts')

function gogga(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const result = spawnSync(process.execPath, [GOGGA, ...args], { encoding: 'utf8', env: { ...process.env, ...env } })
  return { code: result.status, out: result.stdout, err: result.stderr }
}

/** The same in this process, where only words are asked for: a process for each verb would take a third of a second. */
async function saidBy(args: readonly string[]) {
  const said: string[] = []
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => said.push(String(text)) > 0)
  try {
    return { code: await main(args), out: said.join('') }
  } finally {
    write.mockRestore()
  }
}

describe('gogga', () => {
  it('lists every command, and ends in examples', () => {
    const { code, out } = gogga(['--help'])
    expect(code).toBe(0)
    for (const verb of VERBS) expect(out).toMatch(new RegExp(`^  ${verb} `, 'm'))
    expect(out.trimEnd().split('\n').at(-1)).toMatch(/^ {2}\$ npx gogga/)
  })

  it('lists the commands of a group, with examples of theirs', async () => {
    const { code, out } = await saidBy(['keys', '--help'])
    expect(code).toBe(0)
    expect(out.match(/^ {2}\$ npx gogga .*/gm)?.every((line) => line.startsWith('  $ npx gogga keys '))).toBe(true)
    expect(out).not.toContain('split')
  })

  it('--help of a verb comes from the process as it does from the table', async () => {
    const args = ['keys', 'create', '--help']
    expect(gogga(args)).toEqual({ ...(await saidBy(args)), err: '' })
  })

  it.each(VERBS)('%s --help says how it is used, and ends in examples', async (verb) => {
    const { code, out } = await saidBy([...verb.split(' '), '--help'])
    expect(code).toBe(0)
    expect(out).toContain(`Usage: gogga ${verb}`)
    expect(out.trimEnd().split('\n').at(-1)).toMatch(new RegExp(`^  \\$ npx gogga ${verb}`))
  })

  const wrong: readonly { name: string; args: readonly string[]; says: RegExp }[] = [
    {
      name: 'an unknown command',
      args: ['divide'],
      says: /there is no command "divide"; expected one of start, serve, migrate, split/,
    },
    {
      name: 'an unknown command of a group',
      args: ['keys', 'steal'],
      says: /no command "keys steal"; expected one of keys create/,
    },
    {
      name: 'a group without a command',
      args: ['subject'],
      says: /^gogga: subject needs to know what to do\.\n\nUsage: gogga subject <command>[\s\S]*\n {2}\$ npx gogga subject erase .*\n$/,
    },
    {
      name: 'an unknown option',
      args: ['split', 'x.db', '--onto', 'data'],
      says: /Unknown option '--onto'[\s\S]*See "gogga split --help"/,
    },
    {
      name: 'a missing argument',
      args: ['split', '--into', 'data'],
      says: /Expected 1 argument\(s\) after "split", got 0/,
    },
    { name: 'a missing option', args: ['split', 'x.db'], says: /split needs a folder/ },
    {
      name: 'a value that there is not',
      args: ['merge', 'data', '--into', 'x', '--layout', 'double'],
      says: /--layout expects single or prefixed, got "double"/,
    },
    {
      name: 'everybody joined for no purpose',
      args: ['merge', 'data', '--into', 'x'],
      says: /say what it is for, by --purpose[\s\S]*moving-back/,
    },
    {
      name: 'everybody joined for a purpose that needs only some of it',
      args: ['merge', 'data', '--into', 'x', '--purpose', 'support'],
      says: /"support"[\s\S]*Fitting are access-request/,
    },
    {
      name: 'an unknown scope',
      args: ['keys', 'create', '--scope', 'root'],
      says: /There is no scope "root"[\s\S]*frontend, admin/,
    },
    { name: 'a key without a scope', args: ['keys', 'create'], says: /at least one scope/ },
    {
      name: 'a lifetime that is none',
      args: ['keys', 'create', '--scope', 'ops', '--days', 'soon'],
      says: /--days expects a whole number/,
    },
  ]
  it.each(wrong)('refuses $name with what to do, exit code 2', ({ args, says }) => {
    const { code, out, err } = gogga(args)
    expect(code).toBe(2)
    expect(out).toBe('')
    expect(err).toMatch(says)
    expect(err).not.toMatch(/\n\s+at /)
  })

  it('ends quietly where nobody reads on, and says where the output cannot be written', () => {
    const shell = (words: string) => spawnSync('bash', ['-c', `set -o pipefail; ${words}`], { encoding: 'utf8' })
    const map = `'${process.execPath}' '${GOGGA}' data-map --json`
    expect(shell(`${map} | head -c 2`)).toMatchObject({ status: 0, stdout: '{"', stderr: '' })
    if (!existsSync('/dev/full')) return
    const full = shell(`${map} > /dev/full`)
    expect([full.status, full.stderr]).toEqual([1, expect.stringMatching(/^gogga: the output cannot .* ENOSPC\n.*\n$/)])
  })

  it('refuses an environment that does not fit, naming the variable', () => {
    const { code, err } = gogga(['keys', 'list'], { PORT: 'eighty' })
    expect(code).toBe(2)
    expect(err).toContain('PORT')
  })

  it('creates, lists and revokes keys, and prints a key once', () =>
    withDatabases(({ dir }) => {
      const env = { GOGGA_DATA_DIR: dir }
      const made = gogga(
        [
          'keys',
          'create',
          '--scope',
          'admin',
          '--scope',
          'pii:read',
          '--purpose',
          'support',
          '--name',
          'support',
          '--json',
        ],
        env,
      )
      expect(made.code).toBe(0)
      const { id, key } = JSON.parse(made.out) as { id: string; key: string }
      expect(key).toMatch(/^gogga_[0-9a-f]{16}_/)
      const listed = gogga(['keys', 'list'], env).out
      expect(listed).toContain(`${id}  support`)
      expect(listed).not.toContain(key.split('_')[2])
      expect(gogga(['keys', 'revoke', id], env)).toMatchObject({ code: 0, out: `revoked ${id}\n` })
      expect(gogga(['keys', 'list'], env).out).toMatch(/revoked$/m)
      expect(gogga(['keys', 'revoke', '0000000000000000'], env)).toMatchObject({ code: 1 })
    }))

  it('serve without files says what to do, exit code 1, and creates nothing', () =>
    withFolder((dir) => {
      const { code, err } = gogga(['serve'], { GOGGA_DATA_DIR: join(dir, 'none') })
      expect(code).toBe(1)
      expect(err).toMatch(/identity\.db\n.*is missing[\s\S]*gogga migrate --domain identity/)
      expect(existsSync(join(dir, 'none'))).toBe(false)
    }))
})
