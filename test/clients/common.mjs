// What the four clients' programs share: the questions they put, and the report that test_clients_javascript.py reads.
//
// A surface is one client speaking one of the three APIs: { answer(how), roundTrip(how) }, where `how` is { stream, key, model }.
// Both return what the client itself made of the reply: { text, thinking, usage } and { calls, text }.

/** { url, key, broken_key, model, unknown_model, prompt, call_prompt, weather, time } */
export const given = JSON.parse(process.argv[2]);

/** The two tools that the model is asked to call at once. Each client wraps them its own way. */
export const tools = [
  {
    name: 'get_weather',
    description: 'The weather somewhere',
    schema: {
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'integer' } },
      required: ['city', 'days'],
      additionalProperties: false,
    },
    run: () => given.weather,
  },
  {
    name: 'get_time',
    description: 'The time somewhere',
    schema: { type: 'object', properties: { zone: { type: 'string' } }, required: ['zone'], additionalProperties: false },
    run: () => given.time,
  },
];

export const runTool = (name) => tools.find((tool) => tool.name === name).run();

/** The text of a message whose content is a string or a list of typed parts. */
export const textOf = (content) =>
  typeof content === 'string'
    ? content
    : content
        .filter((part) => part.type === 'text')
        .map((part) => part.text)
        .join('');

export const thrown = (error) => ({
  error: { name: error.constructor.name, status: error.status ?? error.statusCode, message: String(error.message) },
});

/** Puts every question to every surface, in one piece and as a stream, and prints what came of it. */
export async function report(surfaces) {
  const seen = {};
  for (const [name, surface] of Object.entries(surfaces)) {
    for (const stream of [false, true]) {
      const how = { stream, key: given.key, model: given.model };
      seen[`${name} ${stream ? 'stream' : 'whole'}`] = {
        answer: await surface.answer(how).catch(thrown),
        roundTrip: await surface.roundTrip(how).catch(thrown),
        refused: await surface.answer({ ...how, model: given.unknown_model }).catch(thrown),
        broken: await surface.answer({ ...how, key: given.broken_key }).catch(thrown),
      };
    }
  }
  console.log(JSON.stringify(seen));
}
