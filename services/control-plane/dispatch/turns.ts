/** Who comes next, in groups. */

/** Members of groups, each in one at most. Who has had a turn goes behind the others of its group. */
export class Turns<T> {
  private readonly groups = new Map<string, Set<T>>();
  private readonly groupOf = new Map<T, string>();

  /** Members of a group, first those whose turn is longest ago. */
  of(group: string): Iterable<T> {
    return this.groups.get(group) ?? [];
  }

  /** Adds a member behind the others; who is in the group stays in its place. */
  add(group: string, member: T): void {
    if (this.groupOf.has(member)) return;
    this.groupOf.set(member, group);
    const members = this.groups.get(group);
    if (members === undefined) this.groups.set(group, new Set([member]));
    else members.add(member);
  }

  /** A member has its turn. */
  take(member: T): void {
    const group = this.groupOf.get(member);
    if (group === undefined) return;
    this.remove(member);
    this.add(group, member);
  }

  /** A member leaves its group. */
  remove(member: T): void {
    const group = this.groupOf.get(member);
    if (group === undefined) return;
    this.groupOf.delete(member);
    const members = this.groups.get(group);
    members?.delete(member);
    if (members?.size === 0) this.groups.delete(group);
  }
}
