import type { Event } from '../event/event.ts';
import type { Reason } from '../event/reason.ts';
import { describeReason } from '../event/reason.ts';
import { problemJson } from '../problem/json.ts';
import { redactUrls } from '../problem/redact.ts';
import type { Report } from './report.ts';
import { createWriter } from './writer.ts';

/** The version of the lines; docs/events.md says what keeps it and what raises it. */
const EVENTS_SCHEMA = 'pipe.events/1';

/** Progress of one stage is written no more often than this: a command may report each of a million steps. */
const PROGRESS_EVERY_MS = 100;

export interface JsonOptions {
  readonly stdout: NodeJS.WritableStream;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Every event as one line of JSON (docs/events.md, schema/events.schema.json). */
export function jsonReport({ stdout, now }: JsonOptions): Report {
  const out = createWriter(stdout);
  const progressAt = new Map<string, number>();
  return {
    emit(event) {
      const time = now();
      if (event.type === 'stage-progress') {
        if (time - (progressAt.get(event.stage) ?? -Infinity) < PROGRESS_EVERY_MS) return;
        progressAt.set(event.stage, time);
      }
      if (event.type === 'stage-end') progressAt.delete(event.stage);
      out.write(`${JSON.stringify(eventJson(event, time), withoutCredentials)}\n`);
    },
    flush: () => {
      out.flush();
    },
    finish: () => out.end(),
  };
}

/** An event as the document of its line. Durations are whole milliseconds. */
function eventJson(event: Event, time: number): unknown {
  const { type, ...rest } = event;
  const head = { schema: EVENTS_SCHEMA, time: new Date(time).toISOString(), type };
  switch (event.type) {
    case 'stage-retry':
      return { ...head, ...rest, problem: problemJson(event.problem) };
    case 'stage-end': {
      const { durationMs, savedMs, problem } = event;
      return {
        ...head,
        ...rest,
        reasons: event.reasons.map(reasonJson),
        durationMs: Math.round(durationMs),
        savedMs: rounded(savedMs),
        problem: problem && problemJson(problem),
      };
    }
    case 'downloaded':
    case 'run-end':
      return { ...head, ...rest, durationMs: Math.round(event.durationMs) };
    case 'plan': {
      const stages = event.stages.map(({ expectedMs, reasons, ...stage }) => ({
        ...stage,
        reasons: reasons.map(reasonJson),
        expectedMs: rounded(expectedMs),
      }));
      return { ...head, ...rest, stages };
    }
    case 'stage-start':
      return { ...head, ...rest, reasons: event.reasons?.map(reasonJson) };
    case 'stage-output':
    case 'stage-progress':
    case 'download':
    case 'recorded':
    case 'notice':
      return { ...head, ...rest };
  }
}

/** A reason for programs, and as a clause for people. */
function reasonJson(reason: Reason): unknown {
  return { ...reason, text: describeReason(reason) };
}

function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms);
}

function withoutCredentials(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? redactUrls(value) : value;
}
