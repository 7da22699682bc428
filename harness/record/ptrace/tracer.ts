/**
 * The tracer process: carries out runs that the recorder asks for, several at a time.
 *
 * It blocks in waitpid(2) and never returns to Node's event loop, hence a process of its own; its children are its own, reaped
 * here. Nothing but a child can wake it, so one child serves as its bell: `cat`, under trace, reading descriptor 3. The recorder
 * rings after each request and a few times a second while runs go on. When the recorder is gone, `cat` ends, the tracer ends, and
 * every child with it (PTRACE_O_EXITKILL): no child outlives the harness, however that ends.
 */
import { readSync, writeSync } from 'node:fs';
import { Images } from '../image/image-cuts.ts';
import { IdleTasks } from './idle-tasks.ts';
import { loadLibc, OPTION, PTRACE } from './libc.ts';
import { processOf } from './process-info.ts';
import { READY, type TracerOrder, type TracerRace, type TracerReport, type TracerRequest, type TracerRun } from './protocol.ts';
import { RaceRun } from './race-run.ts';
import { syscallTable } from './syscalls.ts';
import { TracedRun } from './traced-run.ts';

const libc = loadLibc();
const table = syscallTable(process.arch);
if (table === undefined) throw new Error(`no syscall table for ${process.arch}`);
const BELL_INPUT = 3;
const inFlight = Number(process.argv[2] ?? 1);
/** Runs at the same time, those included in which everybody sleeps. */
const MOST_RUNNING = 24;
/** How long it sleeps before it asks once more whether something has happened; each time twice as long. */
const FIRST_PAUSE_MS = 0.05;
const LAST_PAUSE_MS = 0.8;
/** A look is put off while other things happen, but not for longer. */
const LOOK_LATE_MS = 2;
const nobody = new Int32Array(new SharedArrayBuffer(4));

const orders = new Map<number, TracerOrder>();
const waiting: (TracerRun | TracerRace)[] = [];
const running = new Set<TracedRun | RaceRun>();
const images = new Images();
const idle = new IdleTasks();

const input = Buffer.alloc(1 << 16);
let partial = '';
function readRequests(): void {
  const length = readSync(0, input, 0, input.length, null);
  if (length === 0) endAll();
  const lines = (partial + input.toString('latin1', 0, length)).split('\n');
  partial = lines.pop() ?? '';
  for (const line of lines) {
    const request = JSON.parse(Buffer.from(line, 'latin1').toString()) as TracerRequest;
    if (request.kind === 'order') orders.set(request.order, request);
    else waiting.push(request);
  }
}

function report(message: TracerReport): void {
  const bytes = Buffer.from(`${JSON.stringify(message)}\n`);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

/** Runs that take up a place. Those in which somebody waits for his time do not: they would make others wait for nothing. */
function busy(now: number): number {
  let count = 0;
  for (const run of running) if (!(run instanceof RaceRun ? run.isIdle : run.waitsSince(now))) count += 1;
  return count;
}

function startWaiting(now: number): void {
  while (running.size < MOST_RUNNING && busy(now) < inFlight) {
    const request = waiting.shift();
    if (request === undefined) return;
    if (request.kind === 'race') {
      attempt(request.run, () => void running.add(new RaceRun(libc, table ?? new Map(), request, idle, now)));
      continue;
    }
    const plan = request.plan;
    const order = plan.kind === 'observe' ? undefined : orders.get(plan.order);
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

/** What fails because the kernel refuses a mount fails this run, not the tracer. */
function attempt(run: number, what: () => void): void {
  try {
    what();
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
    // It has ended meanwhile.
  }
}

function dispatch(tid: number, status: number, now: number): void {
  const run = runOf(tid);
  if (run === undefined) {
    if ((status & 0xff) !== 0x7f)
      idle.gone(tid); // if nobody knew it, it has just ended
    // A process whose maker was killed in the middle of making it: nobody will ever tell whose it is.
    else killOrphan(tid);
    return;
  }
  const isOver = run.onState(tid, status, now);
  if (run instanceof RaceRun || !isOver) return;
  running.delete(run);
  attempt(run.run, () => {
    const cuts = run.cuts();
    report({ run: run.run, pid: run.pid, events: run.events, overlaps: run.overlaps, ...(cuts && { cuts }) });
  });
}

/** The recorder is gone: nobody wants to know any more. */
function endAll(): never {
  for (const run of running) run.stop();
  idle.stop();
  killOrphan(bell);
  for (let tid = libc.waitAny(); tid > 0; tid = libc.waitAny()) if ((libc.status() & 0xff) === 0x7f) killOrphan(tid);
  process.exit(0);
}

const bell = libc.spawn('cat', [], [`PATH=${process.env.PATH ?? ''}`], BELL_INPUT);
if (libc.ptrace(PTRACE.seize, bell, 0, OPTION.exitKill) < 0 || libc.ptrace(PTRACE.interrupt, bell, 0, 0) < 0)
  throw new Error('ptrace is not permitted here');
writeSync(1, `${READY}\n`);

/** Waits for the next event, but no longer than until a race wants to look at its tasks and nothing else has happened: then the result is 0. */
function waitForNext(): number {
  let look = Number.POSITIVE_INFINITY;
  for (const run of running) if (run instanceof RaceRun) look = Math.min(look, run.nextLook ?? look);
  if (look === Number.POSITIVE_INFINITY) return libc.waitAny();
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LAST_PAUSE_MS)) {
    const tid = libc.waitNow();
    if (tid !== 0 || performance.now() >= look) return tid;
    Atomics.wait(nobody, 0, 0, pause);
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
  } else if (tid !== 0) {
    dispatch(tid, status, now);
  }
  for (const run of running) {
    if (!(run instanceof RaceRun)) continue;
    if (run.nextLook !== undefined && run.nextLook + (tid === 0 ? 0 : LOOK_LATE_MS) <= now) run.look(now);
    if (!run.isOver) continue;
    running.delete(run);
    report(run.report());
  }
  startWaiting(now);
}
