// The AI SDK's Responses provider as it comes: it relies on the server's memory (store: true) and refers to earlier
// reasoning by its id.
import { createOpenAI } from '@ai-sdk/openai';
import { generateText, isStepCount, jsonSchema, tool } from 'ai';
import { given, thrown, tools } from './common.mjs';

const [{ name, description, schema, run }] = tools;
const question = {
  model: createOpenAI({ apiKey: given.key, baseURL: `${given.url}/v1` }).responses(given.model),
  prompt: given.call_prompt,
  tools: { [name]: tool({ description, inputSchema: jsonSchema(schema), execute: async () => run() }) },
  stopWhen: isStepCount(2),
  maxRetries: 0,
  providerOptions: { openai: { reasoningEffort: 'low', reasoningSummary: 'auto', forceReasoning: true } },
};
console.log(JSON.stringify(await generateText(question).then((result) => ({ text: result.text }), thrown)));
