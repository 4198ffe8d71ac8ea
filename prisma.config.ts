import { defineConfig } from 'prisma/config'

const domain = process.env['GOGGA_DOMAIN'] ?? 'identity'

export default defineConfig({
  schema: `prisma/${domain}.prisma`,
  migrations: { path: `prisma/migrations/${domain}` },
  datasource: { url: process.env[`${domain.toUpperCase()}_DB_URL`] ?? `file:./data/${domain}/${domain}.db` },
})
