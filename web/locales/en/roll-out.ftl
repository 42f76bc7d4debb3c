# A roll-out with its figures.
roll-out-title = Roll-out
roll-out-running = running
roll-out-complete = complete
roll-out-rolled-back = rolled back
roll-out-cancelled = cancelled
roll-out-from = In place of
roll-out-share = Share
roll-out-began = Began
roll-out-ended = Ended
roll-out-words = { $share }% of the agents: { $agents } of { $all } have it now.
share-bar = { $share }% of the agents
share-legend = For what share of the trade’s agents?
share-other = Another
share-other-label = Another share, in percent
share-start = Start the roll-out
share-open = Change the share…
share-change = Change the share
share-effect = The trade has { $agents }. Those in the share move to { $version } within a second; calls in flight end on the release they began with.
complete = Give it to everybody
complete-effect = { $count ->
    [0] No agent changes now; new ones get { $version }.
    [one] 1 more agent moves to { $version } within a second, and new ones get it.
   *[other] { $count } more agents move to { $version } within a second, and new ones get it.
 }
at-once-open = Give it to everybody at once…
at-once-effect = { $count ->
    [0] The trade has no agents: none changes now, and new ones get { $version }.
    [one] The trade’s only agent moves to { $version } within a second, with no share to show first how it does.
   *[other] The trade’s { $count } agents move to { $version } within a second, with no share to show first how it does.
 }
back = Go back now
back-open = Go back to the one before…
back-effect = { $count ->
    [0] No agent is on this release; { $version } counts again.
    [one] 1 agent on this release returns to { $version } within a second.
   *[other] { $count } agents on this release return to { $version } within a second.
 }

figures-title = Both releases, side by side
figures-old = before
figures-new = new
figures-calls = Calls
figures-errors = Errors
figures-traps = Traps
figures-timeouts = Timeouts
figures-refusals = Refusals
figures-updates = Agents that did not update
figures-p50 = p50
figures-p95 = p95
figures-worse = (worse than its margin allows)
figures-stale = No news from the platform: the figures may be old.
verdict-too-early = Too early to judge: { $calls } of { $least } calls
verdict-fine = Within the margins
verdict-worse = Worse than the margins allow: it is going back
verdict-ended = Figures of the time that the roll-out ran.
margins-title = When it goes back by itself
margins-calls = From { $calls } calls of the new release on, if against the one before:
margins-traps = it traps in { $points } percentage points more of its calls;
margins-timeouts = it runs out of time in { $points } percentage points more;
margins-refusals = something is refused in { $points } percentage points more;
margins-p95 = or its p95 is more than { $factor } times the other’s, and more than { $floor } slower.
margins-updates = And however few calls there were, if { $points } percentage points more of the agents cannot be brought to it.

worse-updates = { $now } of { $of } agents could not be brought to it; to the one before, { $before } of { $before-of } ({ $allowed } percentage points more are allowed).
worse-traps = { $now } of { $of } calls trapped; before, { $before } of { $before-of } ({ $allowed } percentage points more are allowed).
worse-timeouts = { $now } of { $of } calls ran out of time; before, { $before } of { $before-of } ({ $allowed } percentage points more are allowed).
worse-refusals = { $now } of { $of } calls wanted what is not granted; before, { $before } of { $before-of } ({ $allowed } percentage points more are allowed).
worse-latency = 95 % of the calls took up to { $now }; before, up to { $before } ({ $allowed } times as long is allowed).

lines-none = Nothing measured yet.
lines-summary = { $what }: { $new } is at { $new-last }, { $old } at { $old-last }. Highest in this time: { $top }.
lines-summary-one = { $what }: { $new } is at { $new-last }. Highest in this time: { $top }.
