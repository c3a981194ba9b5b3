import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ClusterStatus } from '../../proto/gen/marid/v1/cluster_pb.js';
import { anyJob, openControlPlane, registerEntries, type TestControlPlane } from '../support/control-plane.js';

const cluster = { name: 'spark', user: 'admin', version: '3.5' };

let plane: TestControlPlane;

beforeEach(async () => {
  plane = await openControlPlane();
});

afterEach(async () => {
  await plane.stop();
});

describe('the registry', () => {
  test('generates ids, keeps tags sorted and once, and leaves implied ones out', async () => {
    const { clusters } = plane;
    const made = await clusters.createCluster({ cluster: { ...cluster, tags: ['b', 'a', 'b', 'marid.name:spark'] } });
    expect(made.cluster?.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(made.cluster).toMatchObject({ tags: ['a', 'b'], etag: '1', status: ClusterStatus.UP });
    const { cluster: stored } = await clusters.getCluster({ id: made.cluster?.id ?? '' });
    expect(stored).toEqual(made.cluster);
  });

  test('refuses an id that is taken, and everything that is wrong at once', async () => {
    const { clusters } = plane;
    await clusters.createCluster({ cluster: { ...cluster, id: 'c' } });
    await expect(clusters.createCluster({ cluster: { ...cluster, id: 'c' } })).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    });
    await expect(clusters.createCluster({ cluster: { id: '/', name: 'x' } })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      violations: ['id', 'user', 'version'].map((field) => ({
        field: `cluster.${field}`,
        description: expect.any(String),
      })),
    });
    await expect(clusters.createCluster({})).rejects.toMatchObject({ violations: [{ field: 'cluster' }] });
  });

  test('changes what the mask names and nothing else', async () => {
    const { clusters } = plane;
    await clusters.createCluster({ cluster: { ...cluster, id: 'c', description: 'old', status: 2 } });
    const update = { id: 'c', description: 'new', name: 'ignored' };
    const { cluster: changed } = await clusters.updateCluster({
      cluster: update,
      updateMask: { paths: ['description'] },
    });
    expect(changed).toMatchObject({
      description: 'new',
      name: 'spark',
      etag: '2',
      status: ClusterStatus.OUT_OF_SERVICE,
    });
    const whole = await clusters.updateCluster({ cluster: { ...cluster, id: 'c', version: '4' } });
    expect(whole.cluster).toMatchObject({ description: '', version: '4', status: ClusterStatus.OUT_OF_SERVICE });
    const wrong = clusters.updateCluster({ cluster: update, updateMask: { paths: ['colour'] } });
    await expect(wrong).rejects.toMatchObject({ violations: [{ field: 'update_mask' }] });
  });

  test('refuses an old etag and, without one, lets all of many writers through', async () => {
    const { clusters } = plane;
    await clusters.createCluster({ cluster: { ...cluster, id: 'c' } });
    const write = (etag: string, version: string) =>
      clusters.updateCluster({ cluster: { id: 'c', etag, version }, updateMask: { paths: ['version'] } });
    await write('1', '2');
    await expect(write('1', '3')).rejects.toMatchObject({ code: 'ETAG_MISMATCH' });
    await expect(clusters.deleteCluster({ id: 'c', etag: '1' })).rejects.toMatchObject({ code: 'ETAG_MISMATCH' });
    await Promise.all(Array.from({ length: 10 }, (_, index) => write('', String(index))));
    expect((await clusters.getCluster({ id: 'c' })).cluster?.etag).toBe('12');
    await clusters.deleteCluster({ id: 'c', etag: '12' });
    await expect(clusters.getCluster({ id: 'c' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(clusters.deleteCluster({ id: 'c' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('deletes nothing that is in use, and says by whom', async () => {
    const { applications, commands, clusters, jobs } = plane;
    await registerEntries(plane);
    const application = { id: 'app', name: 'app', user: 'admin', version: '1' };
    const paths = ['application_ids'];
    const uses = (applicationIds: string[]) =>
      commands.updateCommand({ command: { id: 'sleep', applicationIds }, updateMask: { paths } });
    await expect(uses(['app'])).rejects.toMatchObject({ violations: [{ field: 'command.application_ids[0]' }] });
    await applications.createApplication({ application });
    await uses(['app']);
    const refusal = { code: 'IN_USE', message: expect.stringContaining('sleep') };
    await expect(applications.deleteApplication({ id: 'app' })).rejects.toMatchObject(refusal);
    await jobs.submitJob({ jobId: 'a', job: anyJob() });
    await expect(clusters.deleteCluster({ id: 'local' })).rejects.toMatchObject({ code: 'IN_USE' });
    await expect(commands.deleteCommand({ id: 'sleep' })).rejects.toMatchObject({ code: 'IN_USE' });
    await jobs.killJob({ jobId: 'a' });
    await clusters.deleteCluster({ id: 'local' });
    await commands.deleteCommand({ id: 'sleep' });
    await applications.deleteApplication({ id: 'app' });
  });

  test('lists pages that meet exactly, in the order asked for', async () => {
    const { clusters } = plane;
    const names = ['d', 'a', 'c', 'b', 'e'];
    for (const name of names) await clusters.createCluster({ cluster: { ...cluster, name: `x-${name}`, tags: ['t'] } });
    await clusters.createCluster({ cluster: { ...cluster, name: 'other', tags: ['t'] } });
    const query = { name: 'x-*', tags: ['t'], orderBy: 'name desc', pageSize: 2 };
    const found: string[] = [];
    for (let pageToken = '', pages = 0; pages < 5; pages += 1) {
      const page = await clusters.listClusters({ ...query, pageToken });
      found.push(...page.clusters.map(({ name }) => name));
      pageToken = page.nextPageToken;
      if (pageToken === '') break;
    }
    expect(found).toEqual(['x-e', 'x-d', 'x-c', 'x-b', 'x-a']);
  });

  test('refuses tokens of other lists, sizes and orders that are none', async () => {
    const { clusters } = plane;
    for (const id of ['a', 'b']) await clusters.createCluster({ cluster: { ...cluster, id } });
    const { nextPageToken: pageToken } = await clusters.listClusters({ pageSize: 1 });
    expect(pageToken).not.toBe('');
    const wrong = [
      { request: { pageToken, user: 'admin' }, field: 'page_token' },
      { request: { pageToken: 'nonsense' }, field: 'page_token' },
      { request: { pageSize: -1 }, field: 'page_size' },
      { request: { pageSize: 1001 }, field: 'page_size' },
      { request: { orderBy: 'colour' }, field: 'order_by' },
    ];
    for (const { request, field } of wrong) {
      await expect(clusters.listClusters(request)).rejects.toMatchObject({ violations: [{ field }] });
    }
  });
});

describe('ListJobs', () => {
  test('pages newest first and oldest first, with filters', async () => {
    await registerEntries(plane);
    const ids = ['a', 'b', 'c', 'd', 'e'];
    for (const jobId of ids)
      await plane.jobs.submitJob({ jobId, job: anyJob({ name: jobId === 'c' ? 'odd' : 'even' }) });
    const pagesOf = async (orderBy: string): Promise<string[]> => {
      const found: string[] = [];
      let pageToken = '';
      do {
        const page = await plane.jobs.listJobs({ orderBy, pageSize: 2, pageToken, filter: { user: 'ada' } });
        found.push(...page.jobs.map(({ id }) => id));
        pageToken = page.nextPageToken;
      } while (pageToken !== '');
      return found;
    };
    expect(await pagesOf('create_time asc')).toEqual(ids);
    expect(await pagesOf('')).toEqual([...ids].reverse());
    const odd = await plane.jobs.listJobs({ filter: { name: 'odd', cluster: 'local' } });
    expect(odd.jobs.map(({ id }) => id)).toEqual(['c']);
    expect(odd.jobs[0]?.history).toEqual([]);
    await expect(plane.jobs.listJobs({ filter: { statuses: [99 as never] } })).rejects.toMatchObject({
      violations: [{ field: 'filter.statuses' }],
    });
  });
});
