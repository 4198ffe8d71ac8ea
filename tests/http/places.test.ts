import { expect, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { placesOf } from '../../src/http/places.ts'
import { readPolicies } from '../../src/ops/backup/policy.ts'

const config = readConfig({ GOGGA_DATA_DIR: '/srv/my data', BILLING_DB_URL: 'file:/mnt/money box/b.db' }, '/')
const withoutPlaces = placesOf(config, readPolicies({ dataDir: config.dataDir }))

test.each([
  ['Run "chmod 0600 /srv/my data/admin/admin.db".', 'Run "chmod 0600 admin.db".'],
  ['Run "chown 5 /mnt/money box/b.db-wal" and start', 'Run "chown 5 b.db-wal" and start'],
  ['billing.db at /mnt/x/b.db lacks 1 of its migrations: a', 'billing.db lacks 1 of its migrations: a'],
  ["ENOENT: no such file or directory, open '/etc/gogga/key'", "ENOENT: no such file or directory, open 'key'"],
  ['x.json in /srv/my data/backups/billing cannot be read', 'x.json in billing cannot be read'],
  ['s3://acme-backups/gogga/billing could not be read: x', 'its bucket could not be read: x'],
  ['C:\\gogga\\billing.db is away', 'billing.db is away'],
])('%s', (text, shown) => {
  expect(withoutPlaces(text)).toBe(shown)
})

test.each([
  'Run "gogga check --repair --dry-run", then "gogga check --repair".',
  '3 message(s) wait for more than 60 s, the oldest since 2026-03-14T09:26:53.589Z',
  'See https://gogga.example/docs/check for more; read/write and 1/2 stay.',
  'Compare the file with prisma/migrations.',
])('what is no place of the machine stays: %s', (text) => {
  expect(withoutPlaces(text)).toBe(text)
})
