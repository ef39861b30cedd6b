-- Conferences that were recorded, and of which no call is known: whom `tapedeck reconcile` asks the
-- provider about, and when again. What it is not told within 30 days, it forgets.
CREATE TABLE IF NOT EXISTS tapedeck_unknown_conferences (
    conference_sid text        PRIMARY KEY,
    account_sid    text        NOT NULL,
    noted_at       timestamptz NOT NULL DEFAULT now(),
    asks           integer     NOT NULL DEFAULT 0,
    ask_at         timestamptz          DEFAULT now() -- NULL: the provider has said all it knows
);
CREATE INDEX IF NOT EXISTS tapedeck_unknown_conferences_due
    ON tapedeck_unknown_conferences (ask_at) WHERE ask_at IS NOT NULL;

INSERT INTO tapedeck_unknown_conferences (conference_sid, account_sid)
    SELECT i.conference_sid, i.account_sid FROM recording_inbox i
     WHERE i.matched_at IS NULL AND i.call_sid IS NULL AND i.conference_sid IS NOT NULL
    UNION SELECT r.conference_sid, r.account_sid FROM tapedeck_recordings r
     WHERE r.call_sid IS NULL AND r.conference_sid IS NOT NULL AND r.account_sid IS NOT NULL
       AND NOT EXISTS (SELECT FROM tapedeck_conference_calls k
                        WHERE k.conference_sid = r.conference_sid)
    ON CONFLICT DO NOTHING;

-- For operators: recordings that no call shows, since when, and what is not known. A conference's
-- recording whose account belongs to one business alone is fetched all the same.
CREATE OR REPLACE VIEW tapedeck_recordings_without_call AS
    SELECT i.recording_sid, i.call_sid, i.conference_sid, i.account_sid, i.received_at AS since,
           CASE WHEN i.call_sid IS NOT NULL THEN 'call'
                WHEN EXISTS (SELECT FROM tapedeck_conference_calls k JOIN call_log c USING (call_sid)
                              WHERE k.conference_sid = i.conference_sid) THEN 'business'
                ELSE 'conference' END AS unknown
      FROM (SELECT DISTINCT ON (recording_sid) * FROM recording_inbox
             WHERE matched_at IS NULL AND status <> 'in-progress'
             ORDER BY recording_sid, received_at) i
    UNION ALL
    SELECT r.recording_sid, NULL, r.conference_sid, r.account_sid, u.noted_at, 'conference'
      FROM tapedeck_unknown_conferences u JOIN tapedeck_recordings r USING (conference_sid)
     WHERE r.call_sid IS NULL AND r.deleted_at IS NULL
       AND NOT EXISTS (SELECT FROM tapedeck_conference_calls k JOIN call_log c USING (call_sid)
                        WHERE k.conference_sid = u.conference_sid);
