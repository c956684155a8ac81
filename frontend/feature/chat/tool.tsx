import { messages } from '../../i18n/messages.ts';
import { InputView, Plain } from '../../ui/input-view.tsx';
import { Markdown } from '../../ui/markdown.tsx';
import { useOpen } from '../../ui/open.ts';
import { duration } from '../../ui/when.tsx';
import { exitCodeOf, inputOf, objectOf, saidOf, stageOf } from './tool-line.ts';
import type { ToolPart } from './view.ts';
import './tool.css';

/** `isLive`: its turn still runs. */
type ToolProps = { tool: ToolPart; project: string; isLive: boolean };

/** One call of a tool as a line that opens to its input and output. What is in it is drawn when it is opened. */
export function Tool({ tool, project, isLive }: ToolProps) {
  const [isOpen, toggle] = useOpen(tool.id);
  return (
    <details class={tool.is_error && !tool.denied ? 'tool bad' : 'tool'} open={isOpen} onToggle={toggle}>
      <summary>
        <ToolLine tool={tool} project={project} isLive={isLive} />
      </summary>
      {isOpen && <ToolDetail tool={tool} />}
    </details>
  );
}

function ToolLine({ tool, project, isLive }: ToolProps) {
  const change = stageOf(tool, isLive) === 'ran' ? tool.change : undefined;
  return (
    <span class="tool-line">
      <span class="verb">{saidOf(tool, isLive, messages.value)}</span>{' '}
      <span class="object" dir="auto">
        {objectOf(tool, project)}
      </span>{' '}
      <span class="result">
        {change && (
          <>
            <span class="added">+{change.added}</span> <span class="removed">−{change.removed}</span>{' '}
          </>
        )}
        <ToolState tool={tool} isLive={isLive} />
        {!tool.denied &&
          tool.duration_ms !== undefined &&
          tool.duration_ms >= 100 &&
          ` ${duration(tool.duration_ms)}`}
      </span>
    </span>
  );
}

function ToolState({ tool, isLive }: Pick<ToolProps, 'tool' | 'isLive'>) {
  const t = messages.value;
  const stage = stageOf(tool, isLive);
  if (stage !== 'ran' && stage !== 'running') return null;
  if (tool.output === null) return <span class="running">{t.runningNow}</span>;
  const exit = exitCodeOf(tool);
  if (exit) return <span class="removed">{t.exit(exit)}</span>;
  return tool.is_error ? (
    <span class="removed">{t.failedTool}</span>
  ) : (
    <span role="img" aria-label={t.doneTool}>
      ✓
    </span>
  );
}

function ToolDetail({ tool }: { tool: ToolPart }) {
  const t = messages.value;
  const input = inputOf(tool);
  return (
    <div class="tool-detail">
      {tool.change && <p class="quiet-line">{tool.change.file}</p>}
      <InputView
        input={input}
        label={t.input}
        hidden={[...(tool.change ? ['file_path'] : []), ...(input['command'] ? ['description'] : [])]}
      />
      {!Object.keys(input).length && tool.input.length > 2 && <Plain text={tool.input} label={t.input} />}
      {tool.output !== null && <Plain text={tool.output || t.noOutput} label={t.output} />}
      {tool.clipped && <p class="quiet-line">{t.cutHere}</p>}
    </div>
  );
}

/** Several tools of one step: the last one as a line, and all of them when it is opened. */
export function ToolGroup({
  tools,
  project,
  isLive,
}: {
  tools: readonly ToolPart[];
  project: string;
  isLive: boolean;
}) {
  const [isOpen, toggle] = useOpen(`${tools[0]?.id} and on`);
  const last = tools.at(-1);
  if (tools.length === 1 && last) return <Tool tool={last} project={project} isLive={isLive} />;
  const failed = tools.filter(({ is_error, denied }) => is_error && !denied).length;
  const denied = tools.filter((tool) => tool.denied).length;
  return (
    <details class="tools" open={isOpen} onToggle={toggle}>
      <summary>
        <span class="tool-line">
          <span class="verb">{messages.value.steps(tools.length)}</span>{' '}
          <span class="object">
            {last && !isOpen && `${saidOf(last, isLive, messages.value)} ${objectOf(last, project)}`}
          </span>
          <span class="result">
            {denied > 0 && <span>{messages.value.deniedSteps(denied)} </span>}
            {failed > 0 ? (
              <span class="removed">{messages.value.failedSteps(failed)}</span>
            ) : (
              last && <ToolState tool={last} isLive={isLive} />
            )}
          </span>
        </span>
      </summary>
      {isOpen && tools.map((tool) => <Tool key={tool.id} tool={tool} project={project} isLive={isLive} />)}
    </details>
  );
}

/** A sub-agent: what it was asked, what it does, and what it came back with. */
export function AgentCard({ tool, inner, project, isLive }: ToolProps & { inner: readonly ToolPart[] }) {
  const { description, prompt, subagent_type } = inputOf(tool);
  const newest = inner.at(-1);
  return (
    <section class="card" aria-label={messages.value.verbs.agent}>
      <p class="card-head">
        <strong>
          {stageOf(tool, isLive) === 'ran'
            ? messages.value.verbs.agent
            : saidOf(tool, isLive, messages.value)}
        </strong>{' '}
        <span dir="auto">{String(description ?? subagent_type ?? '')}</span>
        <span class="result">
          <ToolState tool={tool} isLive={isLive} />
          {!tool.denied && tool.duration_ms !== undefined && ` ${duration(tool.duration_ms)}`}
        </span>
      </p>
      {inner.length > 0 && <ToolGroup tools={inner} project={project} isLive={isLive} />}
      {stageOf(tool, isLive) === 'running' && !newest && <p class="quiet-line">{messages.value.working}</p>}
      <details class="tool">
        <summary>{messages.value.taskAndAnswer}</summary>
        <Markdown text={String(prompt ?? '')} />
        {tool.output !== null && <Markdown text={tool.output} />}
      </details>
    </section>
  );
}
