export function withLock<Result>(
  path: string,
  work: () => Result | Promise<Result>,
  options?: { onWait?: (pid: number) => void; pollMs?: number },
): Promise<Result>
