-- What a business tells the models that hear and summarise its calls. The CRM or an operator writes
-- it; a business without a row is heard in TRANSCRIBE_LANGUAGE. Texts are read up to what
-- shared/speech/business_speech.h takes of them.
CREATE TABLE IF NOT EXISTS business_speech (
  business_id bigint PRIMARY KEY,
  language    text CHECK (language ~ '^([a-z]{2,3}|auto)$'), -- ISO 639-1; auto: whichever is spoken
  words       text, -- names and terms that are said, by commas or line breaks, the important ones first
  prompt      text, -- a sentence or two, as somebody there would speak
  questions   text  -- what a summary is to answer besides, one a line
);
