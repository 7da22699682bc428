/** How many processors this process may use: those of the machine, of its affinity, and of the quota of its container. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/** Processors to keep busy, at least 1. A quota of one and a half counts as two. */
export function usableCores(most = availableParallelism(), { root = '/sys/fs/cgroup', self = '/proc/self/cgroup' } = {}): number {
  const quotas = cgroupsOf(self).flatMap(({ version, path }) => upwards(path).flatMap((group) => quotaOf(version, root, group) ?? []));
  return Math.max(1, Math.min(most, ...quotas.map(Math.ceil)));
}

interface Cgroup {
  readonly version: 1 | 2;
  readonly path: string;
}

/** The groups that may limit processors: the one of version 2, and the one of version 1 with the controller `cpu`. */
function cgroupsOf(self: string): readonly Cgroup[] {
  return linesOf(self).flatMap((line): Cgroup[] => {
    const [hierarchy, controllers = '', path = '/'] = line.split(':');
    if (hierarchy === '0') return [{ version: 2, path }];
    return controllers.split(',').includes('cpu') ? [{ version: 1, path }] : [];
  });
}

/** `/a/b` -> `/a/b`, `/a`, `/`: a group is limited by those around it. */
function upwards(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '..');
  return Array.from({ length: parts.length + 1 }, (_, less) => `/${parts.slice(0, parts.length - less).join('/')}`);
}

/** Processors' worth of time; undefined where there is no limit. */
function quotaOf(version: Cgroup['version'], root: string, group: string): number | undefined {
  const [quota = '', period = ''] =
    version === 2
      ? (linesOf(join(root, group, 'cpu.max'))[0] ?? '').split(' ')
      : ['cpu.cfs_quota_us', 'cpu.cfs_period_us'].map((file) => linesOf(join(root, 'cpu', group, file))[0]);
  const cores = Number(quota) / Number(period);
  return quota !== '' && Number.isFinite(cores) && cores > 0 ? cores : undefined;
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return []; // not Linux, or a container that hides it
  }
}
