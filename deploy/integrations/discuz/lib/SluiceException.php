<?php

/** What went wrong, in a sentence that may be shown. `sluiceCode` is Sluice's error code, or one of FORUM_… below. */
class SluiceException extends RuntimeException
{
    const SETTINGS = 'FORUM_001';
    const UNREACHABLE = 'FORUM_002';
    const NOT_ALLOWED = 'FORUM_003';
    const NOT_FOUND = 'FORUM_004';

    public string $sluiceCode;
    public int $status;
    public string $decision;

    /** `$status` is the HTTP status (0: none came), `$decision` the id that `sluice explain` understands. */
    public function __construct(string $sluiceCode, string $sentence, int $status = 0, string $decision = '')
    {
        parent::__construct($sentence);
        $this->sluiceCode = $sluiceCode;
        $this->status = $status;
        $this->decision = $decision;
    }
}
