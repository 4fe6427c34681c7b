/** Somebody read, in an emergency, what nobody shared with them. */
export interface EmergencyAccess {
  id: string;
  by: { id: string; name: string | null };
  /** A person or a team. */
  owner: { id: string; name: string | null };
  /** Null: everything of the owner. */
  document: string | null;
  /** A case number, in clear. */
  reference: string | null;
  /** Null to those whom it is not told. */
  reason: string | null;
  created_at: string;
  ends_at: string;
  ended_at: string | null;
  is_running: boolean;
  documents_read: number;
  last_read_at: string | null;
}

export interface EmergencyAccessList {
  emergency_accesses: EmergencyAccess[];
  next: string | null;
}
