import { flag, type Kinds, requireOptions } from '../../checks.ts';
import { hashText, mix32 } from '../../random.ts';
import type { StopSignal } from '../../signal.ts';
import { type ExampleOptions, exampleKinds, SupervisedTraining } from '../../train/supervised.ts';
import type { Validation } from '../../train/task.ts';
import { evaluateNavigator, type NavigationData, worldsOf } from './evaluate.ts';
import { follow } from './follow.ts';
import { type FollowedRoute, followedRoute } from './loss.ts';
import { mirroredMap, mirroredRoute } from './mirror.ts';
import type { Navigator } from './model.ts';
import { actions } from './pose.ts';
import { actionsAlong, type Route, requireOnMap } from './routes.ts';

export interface NavigatorTrainingOptions extends ExampleOptions<Route> {
  /** Whether every route is learned in the mirror, too, with left and right exchanged. Default true. */
  readonly mirror?: boolean | undefined;
}

const kinds: Kinds<NavigatorTrainingOptions> = { ...exampleKinds, mirror: flag };

/**
 * Trains a navigator on routes by imitation (teacher forcing). The best checkpoint has the highest share of validation routes
 * that end right.
 * @param data  routes, and the maps of these and of the validation routes
 * @throws DataError if a route's map is missing, or its path leaves the map or is no walk; ConfigError on an option
 *
 * @example
 * const navigator = new Navigator(device, knowledgeOf(maps, routes), { cell: 'lstm', hidden: 100, … });
 * for await (const event of train(navigatorTraining(navigator, { maps, routes }, { validation, batch: 64, seed: 1 }), …)) …
 */
export function navigatorTraining(
  model: Navigator,
  { maps, routes }: NavigationData,
  options: NavigatorTrainingOptions,
): SupervisedTraining<FollowedRoute> {
  requireOptions('navigatorTraining', options, kinds);
  const { validation = [], mirror = true, seed } = options;
  const given = worldsOf(maps);
  for (const route of [...routes, ...validation]) requireOnMap(given(route.map), route);
  const worldOf = mirror ? worldsOf([...maps, ...maps.map(mirroredMap)]) : given;
  const followed = (route: Route): FollowedRoute => followedRoute(model, route, worldOf(route.map));
  const examples = routes.flatMap((route) => (mirror ? [route, mirroredRoute(route)] : [route]));
  const shown = validation.length > 0 ? validation : routes;
  return new SupervisedTraining<FollowedRoute>(model, examples.map(followed), {
    validation: validation.map(followed),
    ...{ batch: options.batch, seed, order: options.order },
    chanceLoss: Math.log(actions.length),
    lengthOf: ({ words }) => words.length,
    validate: (_, signal) => validationOf(model, { maps, routes: validation }, signal),
    async sample(step) {
      const { text, map, path } = shown[mix32(hashText(String(step), seed)) % shown.length];
      const [walk] = await follow([model], [{ text, start: path[0], world: worldOf(map) }]);
      const right = actionsAlong(path).map((id) => actions[id]);
      const written = walk.actions.join(' ');
      return `${text} → ${written}${written === right.join(' ') ? '' : `   (reference: ${right.join(' ')})`}`;
    },
  });
}

/** What training reports of validation routes: the best model has the highest share that ends right. */
export async function validationOf(
  model: Navigator,
  data: NavigationData,
  signal: StopSignal | undefined,
): Promise<Validation> {
  const { loss, sentences, paragraphs, spl } = await evaluateNavigator(model, data, { signal });
  const success = sentences ?? paragraphs!;
  return { loss: loss ?? 1 - success, metrics: { success, spl }, cost: 1 - success };
}
