import { fc, test as law } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { isViolation, statusOf, worstGrade } from '../../harness/domain/grade.ts';
import type { Claim, Grade, KnownBug, Outcome } from '../../harness/domain/store.ts';

const GRADES = ['durable', 'atomic', 'lossy', 'inconclusive'] as const satisfies readonly Grade[];
const CLAIMS = ['durable', 'atomic', 'lossy'] as const satisfies readonly Claim[];

describe('the worst of', () => {
  test.each<[readonly Grade[], Grade]>([
    [[], 'inconclusive'],
    [['durable'], 'durable'],
    [['durable', 'durable'], 'durable'],
    [['durable', 'atomic'], 'atomic'],
    [['durable', 'inconclusive'], 'inconclusive'],
    [['atomic', 'inconclusive'], 'inconclusive'],
    [['inconclusive', 'lossy'], 'lossy'],
    [['durable', 'lossy', 'atomic'], 'lossy'],
  ])('%j is %s', (grades, worst) => {
    expect(worstGrade(grades)).toBe(worst);
    expect(worstGrade([...grades].reverse())).toBe(worst);
  });

  law.prop([fc.array(fc.constantFrom(...GRADES)), fc.constantFrom(...GRADES)])('more is never better', (grades, one) => {
    const order = ['lossy', 'inconclusive', 'atomic', 'durable'];
    fc.pre(grades.length > 0);
    expect(order.indexOf(worstGrade([...grades, one]))).toBeLessThanOrEqual(order.indexOf(worstGrade(grades)));
  });
});

describe('a claim is broken', () => {
  const BROKEN_BY: Record<Claim, readonly Grade[]> = {
    durable: ['atomic', 'lossy', 'inconclusive'],
    atomic: ['lossy', 'inconclusive'],
    lossy: [],
  };
  test.each(CLAIMS.flatMap((claim) => GRADES.map((grade) => [claim, grade] as const)))('claims %s, found %s', (claim, grade) => {
    const broken = BROKEN_BY[claim].includes(grade);
    expect(isViolation(grade, claim)).toBe(broken);
    expect(statusOf(grade, { claim, heldBy: 'profile' }, [], undefined, true)).toEqual({ status: broken ? 'broken' : 'kept' });
    expect(statusOf(grade, { claim, heldBy: 'nothing' }, [], undefined, true)).toEqual({ status: broken ? 'shown' : 'kept' });
  });
});

describe('a known bug', () => {
  const empty: KnownBug = { grade: 'lossy', outcomes: ['empty', 'unreadable'] };
  test.each<[string, KnownBug, Grade, readonly Outcome[], string]>([
    ['found as expected', empty, 'lossy', ['original', 'empty'], 'known-bug'],
    ['found with the other of its outcomes', empty, 'lossy', ['unreadable'], 'known-bug'],
    ['found with another outcome only', empty, 'lossy', ['mixed', 'original'], 'missed-bug'],
    ['gone', empty, 'durable', ['original', 'new'], 'missed-bug'],
    ['less bad than known', empty, 'atomic', ['stale'], 'missed-bug'],
    ['worse than known', { grade: 'atomic', outcomes: ['stale'] }, 'lossy', ['stale', 'empty'], 'missed-bug'],
    ['not measured', empty, 'inconclusive', [], 'missed-bug'],
    ['of any outcome', { grade: 'lossy' }, 'lossy', ['hung'], 'known-bug'],
    ['of no outcome in particular', { grade: 'lossy', outcomes: [] }, 'lossy', ['hung'], 'known-bug'],
  ])('%s', (_, known, grade, outcomes, status) => {
    for (const claim of CLAIMS) {
      const held = { claim, heldBy: 'profile' } as const;
      expect(statusOf(grade, held, outcomes, { bug: known, mayHide: false }, true).status).toBe(status);
    }
  });

  test.each([
    ['durable' as const, [], 'known to be lossy here, but found durable'],
    ['lossy' as const, ['mixed' as const], 'known to end empty or unreadable here, but that was not found'],
  ])('that is missed says so: %s', (grade, outcomes, reason) => {
    expect(statusOf(grade, { claim: 'durable', heldBy: 'profile' }, outcomes, { bug: empty, mayHide: false }, true)).toEqual({
      status: 'missed-bug',
      reason,
    });
  });
});

describe('an effort that proves nothing', () => {
  const bug = { bug: { grade: 'lossy', outcomes: ['empty'] }, mayHide: false } as const;
  test.each(CLAIMS.flatMap((claim) => GRADES.map((grade) => [claim, grade] as const)))('claims %s, found %s', (claim, grade) => {
    const held = { claim, heldBy: 'profile' } as const;
    const status = isViolation(grade, claim) ? 'broken' : 'unbroken';
    expect(statusOf(grade, held, [], undefined, false)).toEqual({ status });
    // A bug that little was tried to find is not missed.
    if (status === 'unbroken') expect(statusOf(grade, held, [], bug, false)).toEqual({ status });
  });

  test('finds what there is to find', () => {
    expect(statusOf('lossy', { claim: 'durable', heldBy: 'profile' }, ['empty'], bug, false)).toEqual({ status: 'known-bug' });
    expect(statusOf('lossy', { claim: 'durable', heldBy: 'nothing' }, ['empty'], undefined, false)).toEqual({ status: 'shown' });
  });
});
