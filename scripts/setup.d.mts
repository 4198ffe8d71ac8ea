/** Whether something is as it should be, and if not, why. */
export interface State {
  ready: boolean
  reason: string
}

export const ROOT: string
export const DOMAINS: string[]
export function setup(options?: { root?: string; dev?: boolean }): Promise<string>
export function ensureInstalled(options?: { root?: string; dev?: boolean }): Promise<void>
export function ensureGenerated(options?: { root?: string }): Promise<void>
export function installState(root: string, options?: { dev?: boolean }): State
export function generatedState(root: string): State
export function hashOfSchemas(root: string): string
export function node24(root?: string): string
export function toolEnvironment(root?: string): Record<string, string>
