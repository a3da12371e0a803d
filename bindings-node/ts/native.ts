// Finds this platform's binary: beside this file in a clone or a local tarball, else in the platform's own package.

import type * as Binding from './binding';

/** @internal */
export type {
  Bridge,
  ClientConfig,
  EmulatorConfig,
  NativeClient,
  NativeEmulator,
  NativeWatcher,
  NativeWatchOptions,
  NativeWebhook,
  SubscriptionsReader,
} from './binding';

const NAME = 'easemob-presence';

/** The binaries that may fit, best first. On Linux the libc is not asked for: only one of the two loads. */
function candidates(): string[] {
  const base = `${process.platform}-${process.arch}`;
  switch (process.platform) {
    case 'linux':
      return [`${base}-gnu`, `${base}-musl`];
    case 'win32':
      return [`${base}-msvc`];
    default:
      return [base];
  }
}

function libc(): string {
  if (process.platform !== 'linux') return '';
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  return report?.header?.glibcVersionRuntime === undefined ? ' (musl)' : ' (glibc)';
}

function isMissing(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'MODULE_NOT_FOUND';
}

function load(): typeof Binding {
  const problems: unknown[] = [];
  for (const candidate of candidates()) {
    for (const place of [`./${NAME}.${candidate}.node`, `${NAME}-${candidate}`]) {
      try {
        return require(place) as typeof Binding;
      } catch (error) {
        problems.push(error);
      }
    }
  }
  const { version } = require('../package.json') as { version: string };
  const libcName = libc();
  const place = `${process.platform} ${process.arch}${libcName}`;
  const wanted = candidates()[libcName === ' (musl)' ? 1 : 0];
  const broken = problems.find((problem) => !isMissing(problem));
  const remedy = `install ${NAME}-${wanted}@${version} (npm install does, unless run with --omit=optional), or run "npm run build" in a clone`;
  throw new Error(
    broken === undefined
      ? `${NAME}: there is no binary for ${place}; ${remedy}.`
      : `${NAME}: the binary for ${place} does not load (${(broken as Error).message}); ${remedy}.`,
    { cause: broken ?? problems[0] },
  );
}

/** @internal This platform's binary. */
export const native = load();
