/** What a worker has room for, while jobs are found for it. */

/** Less with each job that is taken. */
export class Room {
  constructor(
    /** MiB. */
    private memoryMb: number,
    private jobs: number,
  ) {}

  /** Memory that is left, in MiB. */
  get memoryFreeMb(): number {
    return this.memoryMb;
  }

  /** Jobs that it may still get. */
  get jobsFree(): number {
    return this.jobs;
  }

  /** Whether there is room for a job. */
  fits(job: { readonly memoryMb: number }): boolean {
    return this.jobs > 0 && job.memoryMb <= this.memoryMb;
  }

  /** Takes a job. False, and nothing changed, when it does not fit. */
  take(job: { readonly memoryMb: number }): boolean {
    if (!this.fits(job)) return false;
    this.memoryMb -= job.memoryMb;
    this.jobs -= 1;
    return true;
  }

  /** Gives back the place of a job that was taken and did not come. */
  giveBack(job: { readonly memoryMb: number }): void {
    this.memoryMb += job.memoryMb;
    this.jobs += 1;
  }

  /** Takes the first jobs that fit together, in their order: small ones pass large ones. */
  takeFitting<T extends { readonly memoryMb: number }>(waiting: Iterable<T>): readonly T[] {
    const taken: T[] = [];
    for (const job of waiting) {
      if (this.jobs < 1 || this.memoryMb <= 0) break;
      if (this.take(job)) taken.push(job);
    }
    return taken;
  }
}
