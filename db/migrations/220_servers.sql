-- What is known of a speech or chat server, by its address and model: the fields with which it is
-- asked (a number of shared/speech/shape.h), and what it said when it last refused us.
CREATE TABLE IF NOT EXISTS tapedeck_servers (
  address    text NOT NULL,
  model      text NOT NULL,
  shape      integer NOT NULL DEFAULT 0,
  shaped_at  timestamptz,
  status     integer,
  said       text,
  refused_at timestamptz,
  PRIMARY KEY (address, model)
);
