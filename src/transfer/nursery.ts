// Memory that does not grow with the input.
import { setFlagsFromString } from 'node:v8'

/**
 * Rows are dead as soon as they are written, but some of a million are alive at each collection, and V8 then lets its
 * nursery grow to dozens of megabytes. Holds for the whole process, from now on.
 */
export const keepNurserySmall = (): void => setFlagsFromString('--semi-space-growth-factor=1')
