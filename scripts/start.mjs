// npm start: sets up, then `gogga start`. Development's packages may be absent, as in an image made for production.
import { join } from 'node:path'
import { run } from './run.mjs'
import { ROOT } from './setup.mjs'

await run([join(ROOT, 'scripts/gogga.ts'), 'start', ...process.argv.slice(2)], { dev: false })
