// The JavaScript SDKs through the proxy, unmodified: node smoke.mjs BASE_URL KEY MODEL PROMPT
// prints a JSON object: for each case {"text", "tools", "reasoning"} as the SDK saw them, or {"error"}. test_javascript.py says
// what is expected.
import Anthropic from '@anthropic-ai/sdk';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { ChatAnthropic } from '@langchain/anthropic';
import { ChatOpenAI } from '@langchain/openai';
import { generateText, jsonSchema, streamText, tool } from 'ai';
import OpenAI from 'openai';

const [url, key, model, prompt] = process.argv.slice(2);
const schema = { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' } }, required: [] };
const description = 'The weather somewhere';
const messages = [{ role: 'user', content: prompt }];

const openai = () => new OpenAI({ apiKey: key, baseURL: `${url}/v1`, maxRetries: 0 });
const anthropic = () => new Anthropic({ apiKey: key, baseURL: url, maxRetries: 0 });
const chatTools = [{ type: 'function', function: { name: 'get_weather', description, parameters: schema } }];
const responseTools = [{ type: 'function', name: 'get_weather', description, parameters: schema, strict: false }];
const claudeTools = [{ name: 'get_weather', description, input_schema: schema }];
const aiTools = { get_weather: tool({ description, inputSchema: jsonSchema(schema) }) };

const ofChat = (completion) => ({
  text: completion.choices[0].message.content ?? '',
  tools: (completion.choices[0].message.tool_calls ?? []).map((call) => [call.function.name, JSON.parse(call.function.arguments)]),
});
const ofResponse = (response) => ({
  text: response.output_text,
  tools: response.output.filter((item) => item.type === 'function_call').map((call) => [call.name, JSON.parse(call.arguments)]),
  reasoning: response.output.filter((item) => item.type === 'reasoning').map((item) => item.summary.map((part) => part.text).join('')).join(''),
});
const ofMessage = (message) => ({
  text: message.content.filter((block) => block.type === 'text').map((block) => block.text).join(''),
  tools: message.content.filter((block) => block.type === 'tool_use').map((block) => [block.name, block.input]),
  reasoning: message.content.filter((block) => block.type === 'thinking').map((block) => block.thinking).join(''),
});
const ofAi = async (result) => ({
  text: await result.text,
  tools: (await result.toolCalls).map((call) => [call.toolName, call.input]),
  reasoning: (await result.reasoningText) ?? '',
});
const ofLangChain = (message) => ({
  text: typeof message.content === 'string' ? message.content : message.content.filter((part) => part.type === 'text').map((part) => part.text).join(''),
  tools: (message.tool_calls ?? []).map((call) => [call.name, call.args]),
});
const streamed = async (chunks) => {
  let whole;
  for await (const chunk of chunks) whole = whole === undefined ? chunk : whole.concat(chunk);
  return whole;
};

const reasoning = { effort: 'high', summary: 'auto' };
const langChainSettings = { model, apiKey: key, maxRetries: 0 };
const langChainOpenAI = (more) => new ChatOpenAI({ ...langChainSettings, configuration: { baseURL: `${url}/v1` }, ...more }).bindTools(chatTools);
const langChainClaude = () => new ChatAnthropic({ ...langChainSettings, anthropicApiUrl: url, maxTokens: 200 }).bindTools(claudeTools);
const aiOpenAI = () => createOpenAI({ apiKey: key, baseURL: `${url}/v1` });
const aiClaude = () => createAnthropic({ apiKey: key, baseURL: `${url}/v1` });
const ai = (send, provider) => ofAi(send({ model: provider, messages, tools: aiTools, maxRetries: 0, maxOutputTokens: 200 }));
const whole = async (options) => generateText(options);

const cases = {
  'openai chat': async () => ofChat(await openai().chat.completions.create({ model, messages, tools: chatTools })),
  'openai chat stream': async () => ofChat(await openai().chat.completions.stream({ model, messages, tools: chatTools }).finalChatCompletion()),
  'openai responses': async () => ofResponse(await openai().responses.create({ model, input: prompt, tools: responseTools, reasoning })),
  'openai responses stream': async () => ofResponse(await openai().responses.stream({ model, input: prompt, tools: responseTools, reasoning }).finalResponse()),
  anthropic: async () => ofMessage(await anthropic().messages.create({ model, max_tokens: 200, messages, tools: claudeTools, thinking: { type: 'adaptive' } })),
  'anthropic stream': async () => ofMessage(await anthropic().messages.stream({ model, max_tokens: 200, messages, tools: claudeTools, thinking: { type: 'adaptive' } }).finalMessage()),
  'ai chat': async () => ai(streamText, aiOpenAI().chat(model)),
  'ai responses': async () => ofAi(await whole({ model: aiOpenAI().responses(model), messages, tools: aiTools, maxRetries: 0 })),
  'ai responses stream': async () => ai(streamText, aiOpenAI().responses(model)),
  'ai anthropic': async () => ofAi(await whole({ model: aiClaude()(model), messages, tools: aiTools, maxRetries: 0 })),
  'ai anthropic stream': async () => ai(streamText, aiClaude()(model)),
  'langchain chat': async () => ofLangChain(await langChainOpenAI().invoke(prompt)),
  'langchain chat stream': async () => ofLangChain(await streamed(await langChainOpenAI().stream(prompt))),
  'langchain responses': async () => ofLangChain(await langChainOpenAI({ useResponsesApi: true }).invoke(prompt)),
  'langchain responses stream': async () => ofLangChain(await streamed(await langChainOpenAI({ useResponsesApi: true }).stream(prompt))),
  'langchain anthropic': async () => ofLangChain(await langChainClaude().invoke(prompt)),
  'langchain anthropic stream': async () => ofLangChain(await streamed(await langChainClaude().stream(prompt))),
};

const seen = {};
for (const [name, run] of Object.entries(cases)) {
  seen[name] = await run().catch((error) => ({ error: String(error?.stack ?? error) }));
}
console.log(JSON.stringify(seen));
