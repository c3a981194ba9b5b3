/** What a worker has room for. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Room } from '../../../../core/dispatch/room.js';

const jobsOf = (...memory: readonly number[]) => memory.map((memoryMb) => ({ memoryMb }));

describe('Room', () => {
  test('small jobs pass large ones, in their order', () => {
    const room = new Room(500, 10);
    const jobs = jobsOf(300, 400, 100, 200, 100);
    expect(room.takeFitting(jobs)).toEqual([jobs[0], jobs[2], jobs[4]]);
    expect([room.memoryFreeMb, room.jobsFree]).toEqual([0, 7]);
  });

  test('a job that does not fit changes nothing', () => {
    const room = new Room(100, 1);
    expect(room.take({ memoryMb: 101 })).toBe(false);
    expect(room.take({ memoryMb: 100 })).toBe(true);
    expect(room.take({ memoryMb: 0 })).toBe(false);
  });

  test('the place of a job that did not come is free again', () => {
    const room = new Room(100, 1);
    expect(room.take({ memoryMb: 100 })).toBe(true);
    room.giveBack({ memoryMb: 100 });
    expect([room.memoryFreeMb, room.jobsFree]).toEqual([100, 1]);
  });

  test('what is taken never passes the room, and what is left over would not have fitted', () => {
    const memory = fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 30 });
    fc.assert(
      fc.property(memory, fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 12 }), (sizes, mb, most) => {
        const room = new Room(mb, most);
        const jobs = jobsOf(...sizes);
        const taken = room.takeFitting(jobs);
        const sum = taken.reduce((total, { memoryMb }) => total + memoryMb, 0);
        expect(sum + room.memoryFreeMb).toBe(mb);
        expect(taken.length + room.jobsFree).toBe(most);
        const left = jobs.filter((job) => !taken.includes(job));
        expect(room.jobsFree === 0 || left.every(({ memoryMb }) => memoryMb > room.memoryFreeMb)).toBe(true);
      }),
    );
  });
});
