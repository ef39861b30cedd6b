-- What a speech or chat server has said about the first pieces of a long question: the step's next try
-- goes on behind them. `question` is a hash of everything that was asked about, and how.
CREATE TABLE IF NOT EXISTS tapedeck_step_pieces (
    step_id  bigint      NOT NULL REFERENCES call_steps (id) ON DELETE CASCADE,
    stream   integer     NOT NULL, -- the channel; of summaries, how often parts became a whole before
    at       bigint      NOT NULL, -- of its stream, in frames or bytes
    length   bigint      NOT NULL,
    most     bigint      NOT NULL, -- bytes of a piece, as far as was known then
    question text        NOT NULL,
    model    text        NOT NULL,
    shape    integer     NOT NULL,
    said     text        NOT NULL,
    kept_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (step_id, stream, at)
);

-- Nothing is kept of a step that is done, or is to be done once more from its beginning, and nothing of a
-- recording that nobody may hear any more.
CREATE OR REPLACE FUNCTION tapedeck_forget_pieces() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM tapedeck_step_pieces WHERE step_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER tapedeck_step_ended AFTER UPDATE OF status ON call_steps FOR EACH ROW
    WHEN (NEW.status IN ('done', 'skipped') OR NEW.error_code IN ('no_call', 'no_recording')
          OR NEW.again AND NEW.started_at IS NULL)
    EXECUTE FUNCTION tapedeck_forget_pieces();

CREATE OR REPLACE FUNCTION tapedeck_forget_revoked_pieces() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM tapedeck_step_pieces p USING call_steps s
     WHERE s.business_id = NEW.business_id AND s.call_sid = NEW.name AND p.step_id = s.id;
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER tapedeck_name_revoked AFTER INSERT ON tapedeck_revoked FOR EACH ROW
    EXECUTE FUNCTION tapedeck_forget_revoked_pieces();
