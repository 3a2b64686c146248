/** What a container client does with the images that are here. */
import { buildImage } from './build-image.ts';
import { type Client, linesOf } from './client.ts';
import { removeContainer } from './client-containers.ts';
import { labelFilters, labelWords, operand } from './container-argv.ts';
import type { Engine } from './engine.ts';
import { inspectImage, unknownImage } from './inspect-image.ts';

type ImageActs = Pick<
  Engine,
  'inspect' | 'tag' | 'build' | 'removeImage' | 'listImages' | 'imageUsers' | 'extractFile'
>;

export const imageActs = (client: Client): ImageActs => ({
  inspect: (image) => inspectImage(client, image),
  build: async (spec) => buildImage(client, await client.dialect.capabilities(client.runner), spec),
  async tag(image, as) {
    await client.ask(`Naming ${image} as ${as}`, ['tag', operand(image, 'image'), operand(as, 'image')]);
  },
  async removeImage(image) {
    await client.ask(`The removal of ${image}`, ['image', 'rm', operand(image, 'image')], unknownImage);
  },
  async listImages(labels) {
    const filters = labelFilters(labels).map(client.dialect.filter);
    const listed = await client.ask('Listing images', ['image', 'ls', '--quiet', '--no-trunc', ...filters]);
    // An image with several names has a line for each.
    return [...new Set(linesOf(listed))];
  },
  async imageUsers(image) {
    const filter = client.dialect.filter(`ancestor=${image}`);
    const words = ['ps', '--all', '--quiet', '--no-trunc', filter];
    return linesOf(await client.ask(`Asking who uses ${image}`, words, unknownImage));
  },
  async extractFile(image, path, to, { name, labels }) {
    const named = [`--name=${name}`, ...labelWords(labels)];
    const words = ['create', '--pull=never', ...named, operand(image, 'image')];
    // An image without a command of its own needs one to make a container; it is never started.
    const created = await client.ask(`Opening ${image}`, [...words, 'none']);
    const id = created.stdout.trim();
    try {
      await client.ask(`Copying ${path} out of ${image}`, ['cp', `${operand(id, 'container')}:${path}`, to]);
    } finally {
      await removeContainer(client, id);
    }
  },
});
