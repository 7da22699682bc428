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
import { loadLibc, OPTION, PTRACE } from './libc.ts';
import { processOf } from './process-info.ts';
import { READY, type TracerOrder, type TracerReport, type TracerRequest, type TracerRun } from './protocol.ts';
import { syscallTable } from './syscalls.ts';
import { TracedRun } from './traced-run.ts';

const libc = loadLibc();
const table = syscallTable(process.arch);
if (table === undefined) throw new Error(`no syscall table for ${process.arch}`);
const BELL_INPUT = 3;
const inFlight = Number(process.argv[2] ?? 1);

const orders = new Map<number, TracerOrder>();
const waiting: TracerRun[] = [];
const running = new Set<TracedRun>();
const images = new Images();

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

function startWaiting(now: number): void {
  while (running.size < inFlight) {
    const request = waiting.shift();
    if (request === undefined) return;
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

function runOf(tid: number): TracedRun | undefined {
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
    if ((status & 0xff) !== 0x7f) return; // a thread that nobody knew has ended
    // A process whose maker was killed in the middle of making it: nobody will ever tell whose it is.
    killOrphan(tid);
    return;
  }
  if (!run.onState(tid, status, now)) return;
  running.delete(run);
  attempt(run.run, () => {
    const cuts = run.cuts();
    report({ run: run.run, pid: run.pid, events: run.events, ...(cuts && { cuts }) });
  });
}

/** The recorder is gone: nobody wants to know any more. */
function endAll(): never {
  for (const run of running) run.stop();
  killOrphan(bell);
  for (let tid = libc.waitAny(); tid > 0; tid = libc.waitAny()) if ((libc.status() & 0xff) === 0x7f) killOrphan(tid);
  process.exit(0);
}

const bell = libc.spawn('cat', [], [`PATH=${process.env.PATH ?? ''}`], BELL_INPUT);
if (libc.ptrace(PTRACE.seize, bell, 0, OPTION.exitKill) < 0 || libc.ptrace(PTRACE.interrupt, bell, 0, 0) < 0)
  throw new Error('ptrace is not permitted here');
writeSync(1, `${READY}\n`);

for (;;) {
  const tid = libc.waitAny();
  const status = libc.status();
  const now = performance.now();
  if (tid === bell) {
    if ((status & 0xff) !== 0x7f) endAll();
    libc.ptrace(PTRACE.syscall, bell, 0, 0);
    while (libc.isReadable(0)) readRequests();
    for (const run of running) if (now >= run.nextDeadline) run.tick(now);
  } else {
    dispatch(tid, status, now);
  }
  startWaiting(now);
}
