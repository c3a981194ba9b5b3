/** The folder of blobs against the suite of its port. */
import { join } from 'node:path';
import { FilesystemBlobStore } from '../../../infra/blobs/filesystem/filesystem-blob-store.js';
import { makeTemporaryFolder } from '../../support/temporary-folder.js';
import { blobStoreSuite } from '../suites/blob-store.js';

blobStoreSuite('folder', async () => {
  const folder = makeTemporaryFolder();
  const store = await FilesystemBlobStore.connect({ folder: join(folder.path, 'blobs') });
  return {
    store,
    close: async () => {
      await store.close();
      folder.remove();
    },
  };
});
