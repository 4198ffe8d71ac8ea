// npm run db: one command of Prisma's CLI for each domain.
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { withFolder } from '../helpers/databases.ts'
import { environment, ROOT, run } from './project.ts'

const db = (args: readonly string[], env: Record<string, string>) =>
  run([join(ROOT, 'scripts/db.mjs'), ...args], { cwd: ROOT, env })

test('runs for each domain in order, stops at the first failure and says which', async () => {
  await withFolder(async (dir) => {
    const broken = join(dir, 'broken.db')
    writeFileSync(broken, 'this is not a database')
    const { code, output } = await db(['migrate', 'deploy'], {
      ...environment(dir),
      GOGGA_DATA_DIR: dir,
      BILLING_DB_URL: `file:${broken}`,
    })
    expect(code).toBe(1)
    expect(output).toMatch(/identity: prisma migrate deploy[\s\S]*billing: prisma migrate deploy/)
    expect(output).toContain('prisma migrate deploy failed for billing with exit code 1. Not run: admin.')
    expect(existsSync(join(dir, 'identity/identity.db'))).toBe(true)
    expect(existsSync(join(dir, 'admin/admin.db'))).toBe(false)
  })
})

test('--domain picks one, {domain} stands for its name, and the exit code is the CLI’s', async () => {
  await withFolder(async (dir) => {
    const env = { ...environment(dir), GOGGA_DATA_DIR: dir }
    const args = ['migrate', 'diff', '--from-empty', '--to-schema', 'prisma/{domain}.prisma', '--exit-code']
    const { code, output } = await db([...args, '--domain', 'admin'], env)
    expect(code).toBe(2)
    expect(output).toContain('admin: prisma migrate diff --from-empty --to-schema prisma/admin.prisma --exit-code')
    expect(output).not.toMatch(/identity|billing/)
  })
})

test.each([
  { args: ['--help'], code: 0, says: 'npm run db -- --domain billing migrate dev --name refunds' },
  { args: [], code: 0, says: 'Examples' },
  { args: ['--domain', 'payments', 'validate'], code: 2, says: '--domain is "payments"; expected identity' },
  { args: ['--domain'], code: 2, says: '--domain is empty; expected identity' },
  { args: ['--domain=admin'], code: 2, says: "A command of Prisma's CLI is missing" },
])('$args ends with $code', async ({ args, code, says }) => {
  await withFolder(async (dir) => {
    const outcome = await db(args, environment(dir))
    expect(outcome).toMatchObject({ code, output: expect.stringContaining(says) })
  })
})
