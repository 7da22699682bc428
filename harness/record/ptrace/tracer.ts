/**
 * The tracer process: carries out the runs that the recorder requests, several at a time.
 *
 * It blocks in waitpid(2) and never returns to Node's event loop, so it is a separate process, which starts and reaps its children.
 * Only a child can wake it, so one child serves as its bell: `cat`, under trace, reading descriptor 3. The recorder rings after
 * each request, and a few times a second while there are runs. When the recorder ends, `cat` ends, then the tracer, and with it
 * every child (PTRACE_O_EXITKILL): no child outlives the harness, however it ends.
 */
import { writeSync } from 'node:fs';
import type { ForkedWork } from '../../protocol/fork-server.ts';
import { JsonLines } from '../../protocol/json-lines.ts';
import { Images } from '../image/image-cuts.ts';
import { ForkServers, type ToFork } from './fork-servers.ts';
import { IdleTasks, idleKey } from './idle-tasks.ts';
import { loadLibc, OPTION, PTRACE } from './libc.ts';
import { processOf } from './process-info.ts';
import {
  READY,
  type TracerEndTasks,
  type TracerNotice,
  type TracerOrder,
  type TracerRace,
  type TracerReport,
  type TracerRequest,
  type TracerRun,
} from './protocol.ts';
import { RaceRun } from './race-run.ts';
import { syscallTable } from './syscalls.ts';
import { TracedRun } from './traced-run.ts';

const libc = loadLibc();
const table = syscallTable(process.arch);
if (table === undefined) throw new Error(`no syscall table for ${process.arch}`);
const BELL_INPUT = 3;
const inFlight = Number(process.argv[2] ?? 1);
/** Limit on runs at the same time, including those that sleep. */
const MOST_RUNNING = 24;
/** How long it sleeps between two checks for an event; doubles each time. */
const FIRST_PAUSE_MS = 0.05;
const LAST_PAUSE_MS = 0.8;
/** How long other events may delay a poll. */
const POLL_LATE_MS = 2;
const neverSet = new Int32Array(new SharedArrayBuffer(4));

const orders = new Map<number, TracerOrder>();
const waiting: (TracerRun | TracerRace)[] = [];
const running = new Set<TracedRun | RaceRun>();
const images = new Images();
const idle = new IdleTasks();
const servers = new ForkServers(libc, (store, why) => report({ notForked: { store, why } }));
/** Runs that a fork server did not take. */
const refused: TracerRun[] = [];

const input = new JsonLines<TracerRequest>();
function readRequests(): void {
  for (const request of input.read() ?? endAll()) {
    if (request.kind === 'order') orders.set(request.order, request);
    else if (request.kind === 'end-tasks') endTasks(request);
    else waiting.push(request);
  }
}

function endTasks({ run, tasks, env }: TracerEndTasks): void {
  idle.end(new Set(tasks.map((file) => idleKey(file, env))), () => report({ run, pid: 0, events: [] }));
}

function report(message: TracerReport | TracerNotice): void {
  const bytes = Buffer.from(`${JSON.stringify(message)}\n`);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

/** Runs that count against `inFlight`. Runs that only sleep do not: they would hold up others for nothing. */
function busy(now: number): number {
  let count = 0;
  for (const run of running) if (!(run instanceof RaceRun ? run.isIdle : run.isWaiting(now))) count += 1;
  return count;
}

function orderOf({ plan }: TracerRun): TracerOrder | undefined {
  return plan.kind === 'observe' ? undefined : orders.get(plan.order);
}

/** Returns false if the run must be started. */
function fork(request: TracerRun, now: number): boolean {
  const { warm, plan, directory, node, env, timeoutMs } = request;
  if (warm === undefined || plan.kind === 'cut') return false;
  const { cellFile } = warm;
  const work: ForkedWork =
    plan.kind === 'fault'
      ? { kind: 'faults', cellFile, directories: plan.runs.map((run) => run.directory) }
      : { kind: 'cell', cellFile, directory };
  const onForked = (pid: number): void => {
    const order = orderOf(request);
    running.add(new TracedRun(libc, table ?? new Map(), request, { order, image: undefined, forked: pid }, performance.now()));
  };
  const onRefused = (): void => void refused.push(request);
  return forkProcess({ warm, work, repeats: plan.kind === 'kill', node, env, timeoutMs, onForked, onRefused }, now);
}

function forkProcess(wanted: ToFork, now: number): boolean {
  const onForked = (pid: number): void => {
    wanted.onForked(pid);
    const status = servers.stoppedAs(pid);
    if (status !== undefined) dispatch(pid, status, performance.now());
  };
  return servers.take({ ...wanted, onForked }, now);
}

function startWaiting(now: number): void {
  while (running.size + servers.queued < MOST_RUNNING && busy(now) + servers.asked < inFlight) {
    const again = refused.shift();
    const request = again ?? waiting.shift();
    if (request === undefined) return;
    if (request.kind === 'tasks') {
      attempt(request.run, () => void running.add(new RaceRun(libc, table ?? new Map(), request, { idle, fork: forkProcess }, now)));
      continue;
    }
    const plan = request.plan;
    if (again === undefined && fork(request, now)) continue;
    const order = orderOf(request);
    attempt(request.run, () => {
      const image = plan.kind === 'cut' ? images.mount(plan.image, plan.force) : undefined;
      try {
        running.add(new TracedRun(libc, table ?? new Map(), request, { order, image }, now));
      } catch (error) {
        image?.end(request.spool, 'nothing');
        throw error;
      }
    });
  }
}

/** An error, such as a mount that the kernel refuses, fails this run only. */
function attempt(run: number, work: () => void): void {
  try {
    work();
  } catch (error) {
    report({ run, pid: 0, events: [], refused: error instanceof Error ? error.message : String(error) });
  }
}

function runOf(tid: number): TracedRun | RaceRun | undefined {
  for (const run of running) if (run.has(tid)) return run;
  for (const run of running) if (run.adopt(tid)) return run;
  return undefined;
}

function killOrphan(tid: number): void {
  try {
    process.kill(processOf(tid)?.pid ?? tid, 'SIGKILL');
  } catch {
    // It has already ended.
  }
}

function dispatch(tid: number, status: number, now: number): void {
  if ((status & 0xff) !== 0x7f) servers.gone(tid);
  const run = runOf(tid);
  if (run === undefined && servers.onState(tid, status)) return;
  if (run === undefined) {
    if ((status & 0xff) !== 0x7f)
      idle.gone(tid); // an idle task, or a thread that ended before it was known
    // Its parent was killed while starting it, so its run is unknown.
    else killOrphan(tid);
    return;
  }
  const isOver = run.onState(tid, status, now);
  if (run instanceof RaceRun || !isOver) return;
  running.delete(run);
  attempt(run.run, () => {
    const cuts = run.cuts();
    const { pid, events, overlaps, forked } = run;
    report({ run: run.run, pid, events, overlaps, forked, outside: run.outside.all(), ...(cuts && { cuts }) });
  });
}

/** The recorder is gone: kills everything and exits. */
function endAll(): never {
  for (const run of running) run.stop();
  servers.stop();
  idle.stop();
  killOrphan(bell);
  for (let tid = libc.waitAny(); tid > 0; tid = libc.waitAny()) if ((libc.status() & 0xff) === 0x7f) killOrphan(tid);
  process.exit(0);
}

const bell = libc.spawn('cat', [], [`PATH=${process.env.PATH ?? ''}`], BELL_INPUT);
if (libc.ptrace(PTRACE.seize, bell, 0, OPTION.exitKill) < 0 || libc.ptrace(PTRACE.interrupt, bell, 0, 0) < 0)
  throw new Error('ptrace is not permitted here');
writeSync(1, `${READY}\n`);

/** Waits for the next event, at most until a race must be polled: then returns 0. */
function waitForNext(): number {
  let pollAt = Number.POSITIVE_INFINITY;
  for (const run of running) if (run instanceof RaceRun) pollAt = Math.min(pollAt, run.nextPoll ?? pollAt);
  if (pollAt === Number.POSITIVE_INFINITY) return libc.waitAny();
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LAST_PAUSE_MS)) {
    const tid = libc.waitNow();
    if (tid !== 0 || performance.now() >= pollAt) return tid;
    Atomics.wait(neverSet, 0, 0, pause);
  }
}

for (;;) {
  const tid = waitForNext();
  const status = libc.status();
  const now = performance.now();
  if (tid === bell) {
    if ((status & 0xff) !== 0x7f) endAll();
    libc.ptrace(PTRACE.syscall, bell, 0, 0);
    while (libc.isReadable(0)) readRequests();
    for (const run of running) if (now >= run.nextDeadline) run.tick(now);
    servers.tick(now);
  } else if (tid !== 0) {
    dispatch(tid, status, now);
  }
  for (const run of running) {
    if (!(run instanceof RaceRun)) continue;
    if (run.nextPoll !== undefined && run.nextPoll + (tid === 0 ? 0 : POLL_LATE_MS) <= now) run.poll(now);
    if (!run.isOver) continue;
    running.delete(run);
    report(run.report());
  }
  startWaiting(now);
}
